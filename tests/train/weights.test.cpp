// tests/train/weights.test.cpp -- weights by path and by other names; what does not fit is listed at once and changes nothing.
#include "relreason/train/weights.hpp"

#include <limits>

#include "catch.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"
#include "support/toy_operations.hpp"

using namespace relreason;

namespace {

struct scene : sample {};
struct net : model<input<"x", features<2>, scene>, input<"label", label<3>, scene>, let<"h", mlp<relu<4>, relu<4>>, of<"x">>,
                   let<"c", toy::center, of<"h">>, let<"a", linear<3>, of<"c">>, minimize<cross_entropy<>, of<"a", "label">>> {};

bool same(const parameters<net>& a, const parameters<net>& b) {
  for (const auto& e : a.table().entries)
    if (!std::equal(a.data() + e.offset, a.data() + e.offset + e.count, b.data() + e.offset)) return false;
  for (const auto& e : a.table().states)
    if (!std::equal(a.state() + e.offset, a.state() + e.offset + e.count, b.state() + e.offset)) return false;
  return true;
}
bool same(const parameters<net>& a, const parameters<net>& b, const char* path) {
  return std::equal(a.find(path), a.find(path) + a.entry(path).count, b.find(path));
}
// The names of a published checkpoint: full ones, and what names begin with.
const name_table published{{{"a.bias", "classifier.offset"}, {"h.", "backbone.layers."}, {"a.", "classifier."}, {"c.mean", "statistics"}}};
std::vector<std::byte> with_published_names(const parameters<net>& p) {
  safetensors::writer w;
  for (const auto& e : p.table().entries) w.add(published(e.path), p.data() + e.offset, detail::tensor_shape(e));
  for (const auto& e : p.table().states) w.add(published(e.path), p.state() + e.offset, detail::tensor_shape(e));
  return w.bytes();
}
std::string written(const temporary_folder& folder, const parameters<net>& p) {
  safetensors::writer w;
  add_weights(w, p);
  w.write(folder / "w");
  return folder / "w";
}

}  // namespace

TEST_CASE("weights: what was written is read back, states included", "[train][weights]") {
  temporary_folder folder;
  parameters<net> from(1), to(2);
  from.state()[1] = 7;
  REQUIRE(!same(from, to));
  const auto file = safetensors::open(written(folder, from));
  CHECK(file.at("h.0.weight").shape == std::vector<std::int64_t>{4, 2});
  CHECK(file.at("c.mean").shape == std::vector<std::int64_t>{4});
  load_weights(file, to);
  CHECK(same(from, to));
}

TEST_CASE("weights: a table gives arrays other names, one by one or by what they begin with", "[train][weights]") {
  CHECK(published("h.0.weight") == "backbone.layers.0.weight");
  CHECK(published("a.weight") == "classifier.weight");
  CHECK(published("a.bias") == "classifier.offset");  // the first entry that fits, though "a." does too
  CHECK(published("c.mean") == "statistics");
  CHECK(published("b.weight") == "b.weight");
  CHECK(published("ha.bias") == "ha.bias");
  parameters<net> from(1), to(2);
  from.state()[1] = 7;
  const auto bytes = with_published_names(from);
  const auto file = safetensors::parse(bytes);
  REQUIRE(file.find("backbone.layers.1.weight") != nullptr);
  REQUIRE(file.find("classifier.offset") != nullptr);
  load_weights(file, to, {.names = published});
  CHECK(same(from, to));
}

TEST_CASE("weights: a part is loaded alone, under its own or other names, and the rest stays", "[train][weights]") {
  temporary_folder folder;
  parameters<net> from(1);
  from.state()[1] = 7;
  const parameters<net> fresh(2);
  const auto check_part = [&](const safetensors::file& file, const load_options& options) {
    parameters<net> to(2);
    load_weights(file, to, options);
    for (const char* path : {"h.0.weight", "h.0.bias", "h.1.weight", "h.1.bias"}) CHECK(same(to, from, path));
    for (const char* path : {"a.weight", "a.bias"}) CHECK(same(to, fresh, path));
    CHECK(to.state()[1] == 0);
  };
  check_part(safetensors::open(written(folder, from)), {.parts = {"h."}});
  const auto bytes = with_published_names(from);
  check_part(safetensors::parse(bytes), {.names = published, .parts = {"h."}});
}

TEST_CASE("weights: everything that is missing, misshapen or left over is named in one error, and nothing changes", "[train][weights]") {
  const parameters<net> from(1), fresh(2);
  parameters<net> to(2);
  const std::vector<float> values(16, 1.f);
  safetensors::writer w;
  w.add("h.0.weight", values.data(), {2, 4}).add("h.0.bias", values.data(), {4}).add("h.1.weight", values.data(), {16});
  w.add("a.bias", from.find("a.bias"), {3}).add("x", values.data(), {1}).add("tail.weight", values.data(), {1});
  const auto bytes = w.bytes();
  const auto file = safetensors::parse(bytes, "other.safetensors");
  const auto said = message_of([&] { load_weights(file, to, {.names = {{{"a.weight", "head"}}}}); });
  INFO(said);
  for (const char* part : {"other.safetensors does not fit the model", "\n  shape: h.0.weight is (2, 4), wanted (4, 2)",
                           "\n  shape: h.1.weight is (16), wanted (4, 4)", "\n  missing: h.1.bias", "\n  missing: head (for a.weight)",
                           "\n  missing: c.mean", "\n  not in the model: x", "\n  not in the model: tail.weight"})
    CHECK(contains(said, part));
  CHECK_FALSE(contains(said, "h.0.bias"));  // it fits, and so does a.bias
  CHECK_FALSE(contains(said, "a.bias"));
  CHECK(same(to, fresh));
}

TEST_CASE("weights: a value that is not finite is named, and nothing changes", "[train][weights]") {
  temporary_folder folder;
  parameters<net> from(1), to(2);
  const parameters<net> fresh(2);
  from.find("a.weight")[5] = std::numeric_limits<float>::quiet_NaN();
  const auto said = message_of([&] { load_weights(safetensors::open(written(folder, from)), to); });
  CHECK(contains(said, "value 5 of a.weight is not finite"));
  CHECK(same(to, fresh));
}
