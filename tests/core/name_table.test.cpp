// tests/core/name_table.test.cpp -- a model's arrays under the names of another checkpoint, whole or in parts.
#include "catch.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"
#include "relreason/train/weights.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"
#include "support/toy_operations.hpp"

using namespace relreason;

namespace {

struct scene : sample {};
using two_parts = model<input<"x", features<2>, scene>, input<"label", label<2>, scene>, let<"body", mlp<relu<3>, relu<3>>, of<"x">>,
                        let<"n", toy::center, of<"body">>, let<"head", linear<2>, of<"n">>, minimize<cross_entropy<>, of<"head", "label">>>;

// The names of a published checkpoint: prefixes, and one array by its full name.
const name_table published{{{"head.bias", "classifier.offset"}, {"body.", "backbone.layers."}, {"head.", "classifier."}}};

std::string written(const temporary_folder& folder, void (*add)(safetensors::writer&, const parameters<two_parts>&), const parameters<two_parts>& p) {
  safetensors::writer to;
  add(to, p);
  to.write(folder / "w.safetensors");
  return folder / "w.safetensors";
}
void add_published(safetensors::writer& to, const parameters<two_parts>& p) {
  for (const auto& e : p.table().entries) to.add(published(e.path), p.data() + e.offset, detail::tensor_shape(e));
  for (const auto& e : p.table().states) to.add(published(e.path), p.state() + e.offset, detail::tensor_shape(e));
}
bool equal(const parameters<two_parts>& a, const parameters<two_parts>& b, const char* path) {
  return std::equal(a.find(path), a.find(path) + a.entry(path).count, b.find(path));
}

}  // namespace

TEST_CASE("name table: a checkpoint with other names loads into the model's paths", "[core][weights]") {
  const temporary_folder folder;
  const parameters<two_parts> p(1);
  parameters<two_parts> q(2);
  const safetensors::file from(written(folder, add_published, p));
  REQUIRE(from.find("backbone.layers.1.weight") != nullptr);
  REQUIRE(from.find("classifier.offset") != nullptr);
  load_weights(from, q, {.names = published});
  for (const char* path : {"body.0.weight", "body.1.bias", "head.weight", "head.bias"}) CHECK(equal(p, q, path));
}

TEST_CASE("name table: a part is loaded and the rest stays", "[core][weights]") {
  const temporary_folder folder;
  const parameters<two_parts> p(1), start(2);
  parameters<two_parts> q(2);
  const safetensors::file from(written(folder, add_published, p));
  load_weights(from, q, {.names = published, .parts = {"body."}});
  CHECK(equal(p, q, "body.0.weight"));
  CHECK(equal(p, q, "body.1.weight"));
  CHECK(equal(start, q, "head.weight"));
}

TEST_CASE("loading lists every missing, misshapen and extra tensor, and changes nothing", "[core][weights]") {
  const temporary_folder folder;
  const parameters<two_parts> start(2);
  parameters<two_parts> q(2);
  safetensors::writer to;
  const std::vector<float> values(64, 1.f);
  to.add("body.0.weight", values.data(), {3, 2})
      .add("body.0.bias", values.data(), {4})
      .add("body.1.weight", values.data(), {9})
      .add("tail.weight", values.data(), {1});
  to.write(folder / "w.safetensors");
  const safetensors::file from(folder / "w.safetensors");
  const std::string text = message_of([&] { load_weights(from, q); });
  INFO(text);
  for (const char* part :
       {"w.safetensors does not fit the model", "\n  shape: body.0.bias is (4), wanted (3)", "\n  shape: body.1.weight is (9), wanted (3, 3)",
        "\n  missing: body.1.bias", "\n  missing: head.weight", "\n  missing: head.bias", "\n  missing: n.mean", "\n  not in the model: tail.weight"})
    CHECK(contains(text, part));
  CHECK_FALSE(contains(text, "body.0.weight"));
  CHECK(equal(start, q, "body.0.weight"));
}

TEST_CASE("loading names the tensor and the place of a value that is not finite, and changes nothing", "[core][weights]") {
  const temporary_folder folder;
  parameters<two_parts> p(1), q(2);
  const parameters<two_parts> start(2);
  p.find("head.weight")[3] = std::numeric_limits<float>::quiet_NaN();
  const safetensors::file from(written(
      folder, [](safetensors::writer& to, const parameters<two_parts>& w) { add_weights(to, w); }, p));
  CHECK(contains(message_of([&] { load_weights(from, q); }), "value 3 of head.weight is not finite"));
  CHECK(equal(start, q, "body.0.weight"));
}
