// tests/retrieval/feature_files.test.cpp -- features of picture files: the stored ones of the released weights, resumed with the same bits, refused
// where files do not belong together.
#include "relreason/retrieval/feature_files.hpp"

#include <cmath>
#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "support/message_of.hpp"
#include "support/shared_data.hpp"
#include "support/temporary_folder.hpp"

using namespace relreason;
using namespace relreason::retrieval;

namespace {

// Ten pictures of noise.
image_collection noise(const temporary_folder& folder) {
  std::filesystem::create_directories(folder / "pictures");
  random_stream random{3, 4};
  for (int k = 0; k < 10; ++k) {
    image x(40 + k, 30, 3);
    for (auto& v : x.pixels) v = static_cast<std::uint8_t>(random.below(256));
    png::write(folder / ("pictures/" + std::to_string(k) + ".png"), x);
  }
  return image_collection::of_folder(folder / "pictures");
}
// Three numbers of a picture; counts how many it has seen.
feature_extractor means(std::size_t& seen) {
  return {"means", 3, [&seen](const std::vector<image>& pictures, std::size_t, float* rows) {
            for (const image& p : pictures) {
              ++seen;
              for (std::size_t c = 0; c < 3; ++c) {
                double sum = 0;
                for (std::size_t i = c; i < p.pixels.size(); i += 3) sum += p.pixels[i];
                *rows++ = static_cast<float>(sum / (p.width * p.height));
              }
            }
          }};
}
std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
const extract_options quiet{.progress = nullptr};

}  // namespace

TEST_CASE("features: extracted once, read back with names, written as safetensors") {
  const temporary_folder folder;
  serial_executor serial;
  const auto pictures = noise(folder);
  std::size_t seen = 0;
  const auto how = means(seen);
  CHECK(extract(how, pictures, folder / "f.npy", serial, quiet) == 10);
  CHECK(extract(how, pictures, folder / "f.npy", serial, quiet) == 0);
  CHECK(seen == 10);
  const feature_set f = read_features(folder / "f.npy");
  CHECK(f.kind == "means");
  CHECK(f.width == 3);
  REQUIRE(f.names.size() == 10);
  CHECK(f.names[3] == "3.png");
  const image third = resize(pictures.read(3), 128, 128);
  double sum = 0;
  for (std::size_t i = 1; i < third.pixels.size(); i += 3) sum += third.pixels[i];
  CHECK(f.view().row(3)[1] == Approx(sum / (128 * 128)).epsilon(1e-6));
  write_safetensors(f, folder / "f.safetensors");
  const auto tensors = safetensors::open(folder / "f.safetensors");
  std::vector<float> rows(30);
  tensors.copy_to("features", rows.data(), rows.size());
  CHECK(rows == f.rows);
}

TEST_CASE("features: cut short anywhere, they go on with the same bits; other pictures or kinds begin anew") {
  const temporary_folder folder;
  serial_executor serial;
  const auto pictures = noise(folder);
  std::size_t seen = 0;
  const auto how = means(seen);
  extract(how, pictures, folder / "f.npy", serial, quiet);
  const std::string whole = bytes_of(folder / "f.npy");
  for (const std::size_t left : {whole.size() - 1, whole.size() - 12, whole.size() - 60, std::size_t{100}, std::size_t{0}}) {
    std::filesystem::remove(folder / "f.npy");
    std::ofstream(folder / "f.npy.partial", std::ios::binary) << whole.substr(0, left);
    seen = 0;
    extract(how, pictures, folder / "f.npy", serial, quiet);
    INFO("left " << left << " of " << whole.size() << " bytes");
    CHECK(seen == (left < whole.size() - 120 ? 10 : (whole.size() - left + 11) / 12));
    CHECK(bytes_of(folder / "f.npy") == whole);
  }
  feature_extractor other = how;
  other.kind = "others";
  seen = 0;
  std::ofstream(folder / "f.npy.partial", std::ios::binary) << whole;
  extract(other, pictures, folder / "f.npy", serial, quiet);
  CHECK(seen == 10);
  png::write(folder / "pictures/7.png", image(2, 2, 3));
  CHECK(extract(other, image_collection::of_folder(folder / "pictures"), folder / "f.npy", serial, quiet) == 10);
}

TEST_CASE("features: a broken picture, numbers that are not finite, and files that do not belong together are named") {
  const temporary_folder folder;
  serial_executor serial;
  const auto pictures = noise(folder);
  std::size_t seen = 0;
  auto how = means(seen);
  extract(how, pictures, folder / "f.npy", serial, quiet);
  std::filesystem::copy(folder / "f.npy.json", folder / "g.npy.json");
  CHECK(contains(message_of([&] { read_features(folder / "g.npy"); }), "g.npy"));
  const float other[4]{};
  npy::write(folder / "g.npy", other, {2, 2});
  CHECK(contains(message_of([&] { read_features(folder / "g.npy"); }), "has 2 rows of 2 numbers, its index names 10 of 3"));
  CHECK(contains(message_of([&] { read_features(folder / "none.npy"); }), "wanted the index beside"));
  how.kind = "broken";
  how.compute = [](const std::vector<image>& p, std::size_t, float* rows) { std::fill_n(rows, 3 * p.size(), NAN); };
  CHECK(contains(message_of([&] { extract(how, pictures, folder / "h.npy", serial, quiet); }), "pictures/0.png is not finite"));
  std::ofstream(folder / "pictures/5.png", std::ios::binary) << "no picture";
  const auto broken = image_collection::of_folder(folder / "pictures");
  CHECK(contains(message_of([&] { extract(means(seen), broken, folder / "i.npy", serial, quiet); }), "5.png"));
  CHECK(contains(message_of([&] { make_extractor("magic", "none", serial); }), "wanted one of cnn-mean"));
}

TEST_CASE("features: those of the released 2S-RN are the stored ones, and every kind has its width") {
  const auto root = shared_data("clevr-rn-pretrained");
  if (!root) return;
  const temporary_folder folder;
  thread_pool two(2);
  const std::string two_stage = *root + "/ir_fp_epoch_312.safetensors", rn = *root + "/original_fp_epoch_493.safetensors";
  auto names = image_collection::of_list(*root + "/ir_features_files.txt", *root + "/images128").names();
  names.resize(12);
  const auto pictures = image_collection::of_names(*root + "/images128", names);
  constexpr double tolerance = 1e-5;
  for (const auto& [kind, stored] : {std::pair{"two-stage-mean", "/ir_features_g2_mean.npy"}, {"two-stage-max", "/ir_features_g2_max.npy"}}) {
    extract(make_extractor(kind, two_stage, two), pictures, folder / "f.npy", two, {.weights = two_stage, .progress = nullptr});
    const auto found = read_features(folder / "f.npy");
    const auto wanted = npy::file(*root + stored).values<float>();
    REQUIRE(found.rows.size() == 12 * 256);
    double most = 0;
    for (std::size_t i = 0; i < found.rows.size(); ++i) most = std::max(most, static_cast<double>(std::abs(found.rows[i] - wanted[i])));
    CHECK(most < tolerance);
  }
  const std::vector<image> one{pictures.read(0)};
  for (const auto& [kind, width] : {std::pair{"cnn-mean", 24}, {"cnn-max", 24}, {"rn", 52}, {"random", 512}}) {
    const auto how = make_extractor(kind, rn, two);
    CHECK(how.width == width);
    std::vector<float> row(static_cast<std::size_t>(width), -1);
    how.compute(one, 0, row.data());
    CHECK(*std::min_element(row.begin(), row.end()) != -1);
  }
}
