// tests/train/attribute_task.test.cpp -- attributes of scenes by hand, the plainest pictures, and the CNN alone learning from them.
#include "relreason/train/attribute_task.hpp"

#include "catch.hpp"
#include "relreason/loss/multi_label.hpp"
#include "relreason/nn/batch_norm.hpp"
#include "relreason/nn/conv2d.hpp"
#include "relreason/nn/mlp.hpp"
#include "relreason/nn/pool2d.hpp"
#include "relreason/nn/unit_range.hpp"
#include "relreason/train/run.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using namespace relreason;

namespace {

constexpr int side = 8, bytes = 3 * side * side;
struct picture : sample {};
struct net : model<input<"image", pixels<3, side, side>, picture>, input<"attributes", features<15>, picture>, let<"x", unit_range, of<"image">>,
                   let<"c1", conv2d<8, kernel<3>, stride<2>, padding<1>>, of<"x">>, let<"n1", batch_norm<then_relu>, of<"c1">>,
                   let<"sum", global_pool<by_mean>, of<"n1">>, let<"a", mlp<relu<30>, linear<15>>, of<"sum">>,
                   minimize<multi_label, of<"a", "attributes">>> {};
using task = attribute_task<net>;

// ids: size, color, material, shape
clevr::object object(int size, int color, int material, int shape) {
  clevr::object o;
  o.attributes = {static_cast<std::uint8_t>(size), static_cast<std::uint8_t>(color), static_cast<std::uint8_t>(material),
                  static_cast<std::uint8_t>(shape)};
  return o;
}
// Scene i has one object of color i % 3, and its picture is that color; every fourth has a second object.
clevr::dataset world(int scenes) {
  clevr::dataset d;
  std::vector<image> pictures;
  for (int i = 0; i < scenes; ++i) {
    clevr::scene s;
    s.objects.push_back(object(0, i % 3, 0, 0));
    if (i % 4 == 3) s.objects.push_back(object(1, 7, 1, 2));
    d.scenes.push_back(s);
    image p(side, side, 3);
    for (int k = 0; k < side * side; ++k) p.pixels[static_cast<std::size_t>(3 * k + i % 3)] = 200;
    if (i % 4 == 3) std::fill_n(p.pixels.begin(), bytes / 2, std::uint8_t{255});
    pictures.push_back(p);
  }
  d.pictures = picture_list(pictures);
  return d;
}

}  // namespace

TEST_CASE("attributes: 1 where an object of the scene has it, in the order of the source", "[train]") {
  clevr::scene s;
  CHECK(clevr::scene_attributes(s) == std::array<float, 15>{});
  s.objects = {object(1, 4, 0, 2), object(1, 0, 0, 2)};  // small red rubber cylinder, small cyan rubber cylinder
  //                                                      ru me cy bl ye pu re gr ga br sp cu cy la sm
  CHECK(clevr::scene_attributes(s) == std::array<float, 15>{1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1});
  CHECK(clevr::scene_attribute_names[6] == "red");
}

TEST_CASE("attributes: the plainest scenes are those with the fewest, the first of equals", "[train]") {
  const auto d = world(12);  // 3, 7 and 11 have 8 attributes, the others 4
  CHECK(clevr::plainest_scenes(d.scenes, .25) == std::vector<std::int32_t>{0, 1, 2});
  CHECK(clevr::plainest_scenes(d.scenes, .75) == std::vector<std::int32_t>{0, 1, 2, 4, 5, 6, 8, 9, 10});
  CHECK(clevr::plainest_scenes(d.scenes, .01) == std::vector<std::int32_t>{0});  // never none
  CHECK(clevr::plainest_scenes(d.scenes, 1).size() == 12);
  CHECK(contains(message_of([&] { clevr::plainest_scenes(d.scenes, 0); }), "a share of 0"));
}

TEST_CASE("attribute task: a batch has the pictures of the plainest scenes and their attributes; validation counts by hand", "[train]") {
  const auto d = world(12);
  const task t(d, d, .75);
  CHECK(t.size() == 9);
  batch<net> b;
  const std::vector<std::int32_t> items{3, 0};  // scenes 4 and 0
  t.fill(b, items, items);
  CHECK(std::equal(d.pictures[4].pixels, d.pictures[4].pixels + bytes, b.values<"image">().data()));
  CHECK(b.values<"attributes">()[3] == 1);  // blue, color 1
  CHECK(b.values<"attributes">()[15 + 2] == 1);

  // Of its tables the rows that a batch names, where a device holds them: pictures of all scenes, attributes of the plainest.
  const auto tables = t.tables();
  REQUIRE(tables.size() == 2);
  CHECK(tables[0].rows() == 9);
  CHECK(tables[1].rows() == 12);
  batch<net> named;
  named.held[0] = named.held[1] = true;
  t.fill(named, items, items);
  CHECK(named.row_numbers[0] == std::vector<int>{4, 0});
  CHECK(named.row_numbers[1] == std::vector<int>{3, 0});
  CHECK(std::equal(tables[0].numbers.data + 45, tables[0].numbers.data + 60, b.values<"attributes">().data()));
  CHECK(std::equal(tables[1].bytes.data + 4 * bytes, tables[1].bytes.data + 5 * bytes, b.values<"image">().data()));
  CHECK(task(d, d, .75, augmentation{}).tables().size() == 1);

  // Logits that say "rubber, sphere, large" and nothing else: three of four attributes right in every picture.
  const auto answer = [&](const batch<net>& asked, float* rows) {
    for (int s = 0; s < asked.samples; ++s, rows += 15) {
      std::fill_n(rows, 15, -1.f);
      rows[0] = rows[10] = rows[13] = 1;
    }
  };
  const auto found = t.validate({4, answer});
  // softplus(-1) for each label told right, softplus(1) for the color
  CHECK(found.loss == Approx((14 * std::log1p(std::exp(-1.)) + std::log1p(std::exp(1.))) / 15));
  // rubber, sphere and large: 1 each; three colors that a third of the pictures have, unranked: 1 / 3 each
  CHECK(found.accuracy == Approx((3 + 3 * (1. / 3)) / 6));
  REQUIRE(found.more.size() == 2);
  CHECK(found.more[0].second == Approx(found.accuracy));  // one batch of the source's 64
  CHECK(found.more[1].second == 0);

  const auto told = t.validate({4, [&](const batch<net>& asked, float* rows) {
                                  const auto& has = asked.values<"attributes">();
                                  for (std::size_t i = 0; i < has.size(); ++i) rows[i] = has[i] == 1 ? 1.f : -1.f;
                                  rows[5] = -rows[5];  // one wrong in the first picture of every four
                                }});
  CHECK(told.more[1].second == Approx(6. / 9));
  CHECK(t.item(3) == "picture of scene 4");
}

TEST_CASE("attribute task: the CNN learns it, and stops and goes on with the same bytes", "[train]") {
  const auto d = world(40);
  const task t(d, d, 1, augmentation{.border = 1, .degrees = 3, .seed = 2});
  const auto with = [&](const std::string& folder, int epochs) {
    return run_options{.folder = folder, .epochs = epochs, .batch = 8, .schedule = make_schedule("constant", {.base = 1e-2}), .quiet = true};
  };
  serial_executor serial;
  const temporary_folder folder;
  training_run once(t, with(folder / "once", 30), serial);
  REQUIRE(once.run());
  CHECK(once.record().best > .95);
  CHECK(once.record().settings.at("pictures") == "40 of the plainest, share 1");
  for (const int epochs : {4, 30}) {
    training_run parts(t, with(folder / "parts", epochs), serial);
    parts.resume_if_present();
    REQUIRE(parts.run());
  }
  CHECK((content_of(folder / "once/last.safetensors") == content_of(folder / "parts/last.safetensors")));
}

TEST_CASE("attribute task: sets without scenes or pictures are refused", "[train]") {
  const auto d = world(4);
  auto other = d;
  other.pictures = {};
  CHECK(contains(message_of([&] { task(d, other); }), "found 0 pictures of 0 numbers for 4 validation scenes, wanted one of 192 for each"));
  CHECK(contains(message_of([&] { task(clevr::dataset{}, d); }), "there are no training scenes"));
  CHECK(contains(message_of([&] { task(d, d).sampler("answer-balanced"); }), "no sampler is called \"answer-balanced\""));
}
