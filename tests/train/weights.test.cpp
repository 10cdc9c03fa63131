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
struct net : model<input<"x", features<2>, scene>, input<"label", label<3>, scene>, let<"h", mlp<relu<4>>, of<"x">>, let<"c", toy::center, of<"h">>,
                   let<"a", linear<3>, of<"c">>, minimize<cross_entropy<>, of<"a", "label">>> {};

bool same(const parameters<net>& a, const parameters<net>& b) {
  for (const auto& e : a.table().entries)
    if (!std::equal(a.data() + e.offset, a.data() + e.offset + e.count, b.data() + e.offset)) return false;
  for (const auto& e : a.table().states)
    if (!std::equal(a.state() + e.offset, a.state() + e.offset + e.count, b.state() + e.offset)) return false;
  return true;
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
  const name_table names{{{"h.", "body."}, {"a.weight", "head.w"}}};
  CHECK(names("h.0.weight") == "body.0.weight");
  CHECK(names("a.weight") == "head.w");
  CHECK(names("a.bias") == "a.bias");
  CHECK(names("ha.bias") == "ha.bias");
  parameters<net> from(1), to(2);
  safetensors::writer w;
  for (const auto& e : from.table().entries) w.add(names(e.path), from.data() + e.offset, detail::tensor_shape(e));
  w.add("c.mean", from.state(), {4});
  const auto bytes = w.bytes();
  load_weights(safetensors::parse(bytes), to, {.names = names});
  CHECK(same(from, to));
}

TEST_CASE("weights: a part is loaded alone, and the rest stays", "[train][weights]") {
  temporary_folder folder;
  const parameters<net> from(1), fresh(2);
  parameters<net> to(2);
  load_weights(safetensors::open(written(folder, from)), to, {.parts = {"h."}});
  CHECK(std::equal(to.find("h.0.weight"), to.find("h.0.weight") + 8, from.find("h.0.weight")));
  CHECK(std::equal(to.find("a.weight"), to.find("a.weight") + 12, fresh.find("a.weight")));
}

TEST_CASE("weights: everything that is missing, misshapen or left over is named in one error, and nothing changes", "[train][weights]") {
  const parameters<net> from(1), fresh(2);
  parameters<net> to(2);
  safetensors::writer w;
  w.add("h.0.weight", from.find("h.0.weight"), {2, 4}).add("a.bias", from.find("a.bias"), {3}).add("x", from.data(), {1});
  const auto bytes = w.bytes();
  const auto file = safetensors::parse(bytes, "other.safetensors");
  const auto said = message_of([&] { load_weights(file, to, {.names = {{{"a.weight", "head"}}}}); });
  CHECK(contains(said, "other.safetensors does not fit the model"));
  CHECK(contains(said, "\n  shape: h.0.weight is (2, 4), wanted (4, 2)"));
  CHECK(contains(said, "\n  missing: h.0.bias"));
  CHECK(contains(said, "\n  missing: head (for a.weight)"));
  CHECK(contains(said, "\n  missing: c.mean"));
  CHECK(contains(said, "\n  not in the model: x"));
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
