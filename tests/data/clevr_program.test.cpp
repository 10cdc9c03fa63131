// tests/data/clevr_program.test.cpp -- every function by hand on the first validation scene.
#include "relreason/data/clevr_program.hpp"

#include <string>
#include <vector>

#include "catch.hpp"
#include "support/message_of.hpp"

namespace clevr = relreason::clevr;
using clevr::program_node;
using fn = clevr::function;
using program = std::vector<program_node>;
using list = std::vector<int>;

namespace {

clevr::object thing(const char* color, const char* size, const char* shape, const char* material) {
  const char* names[] = {size, color, material, shape};
  clevr::object o;
  for (std::uint8_t a = 0; a < 4; ++a) o.attributes[a] = static_cast<std::uint8_t>(clevr::value_id(a, names[a]));
  return o;
}

// CLEVR_val_000000
clevr::scene val0() {
  clevr::scene s;
  s.image_index = 0;
  s.objects = {thing("brown", "large", "cylinder", "rubber"), thing("gray", "large", "cube", "rubber"), thing("green", "small", "cylinder", "rubber"),
               thing("purple", "large", "sphere", "metal"), thing("gray", "small", "cube", "metal")};
  s.related[clevr::right] = {{1, 2, 3, 4}, {3, 4}, {1, 3, 4}, {4}, {}};
  s.related[clevr::behind] = {{2, 3}, {0, 2, 3, 4}, {3}, {}, {0, 2, 3}};
  s.related[clevr::front] = {{1, 4}, {}, {0, 1, 4}, {0, 1, 2, 4}, {1}};
  s.related[clevr::left] = {{}, {0, 2}, {0}, {0, 1, 2}, {0, 1, 2, 3}};
  return s;
}

program_node node(const char* name, int a = -1, int b = -1, const char* value = nullptr) {
  program_node n = clevr::function_named(name).value();
  n.inputs = {static_cast<std::int8_t>(a), static_cast<std::int8_t>(b)};
  if (value && n.what == fn::filter) n.value = static_cast<std::uint8_t>(clevr::value_id(n.which, value));
  if (value && n.what == fn::relate)
    for (std::uint8_t r = 0; r < 4; ++r)
      if (clevr::relation_names[r] == value) n.which = r;
  return n;
}

// scene, filter_color[c], unique at 2
program the(const char* color) { return {node("scene"), node("filter_color", 0, -1, color), node("unique", 1)}; }

program with(program p, std::vector<program_node> more) {
  p.insert(p.end(), more.begin(), more.end());
  return p;
}

list members_of_last(const program& p) { return clevr::trace(val0(), p).back().members(); }
std::string answer(const program& p) { return clevr::execute(val0(), p).value_or("INVALID"); }

// scene, filter_color[a], count, scene, filter_color[b], count, compare
std::string compare_counts(const char* function, const char* a, const char* b) {
  return answer({node("scene"), node("filter_color", 0, -1, a), node("count", 1), node("scene"), node("filter_color", 3, -1, b), node("count", 4),
                 node(function, 2, 5)});
}

// query of one color's thing and of another's, compared
std::string compare_values(const std::string& attribute, const char* a, const char* b) {
  const std::string query = "query_" + attribute, equal = "equal_" + attribute;
  return answer({node("scene"), node("filter_color", 0, -1, a), node("unique", 1), node(query.c_str(), 2), node("scene"),
                 node("filter_color", 4, -1, b), node("unique", 5), node(query.c_str(), 6), node(equal.c_str(), 3, 7)});
}

}  // namespace

TEST_CASE("clevr_program: sets of objects", "[data][clevr]") {
  REQUIRE(members_of_last({node("scene")}) == list{0, 1, 2, 3, 4});
  REQUIRE(members_of_last({node("scene"), node("filter_size", 0, -1, "small")}) == list{2, 4});
  REQUIRE(members_of_last({node("scene"), node("filter_color", 0, -1, "gray")}) == list{1, 4});
  REQUIRE(members_of_last({node("scene"), node("filter_material", 0, -1, "rubber")}) == list{0, 1, 2});
  REQUIRE(members_of_last({node("scene"), node("filter_shape", 0, -1, "cylinder")}) == list{0, 2});
  REQUIRE(members_of_last(with(the("purple"), {node("relate", 2, -1, "left")})) == list{0, 1, 2});
  REQUIRE(members_of_last(with(the("purple"), {node("relate", 2, -1, "right")})) == list{4});
  REQUIRE(members_of_last(with(the("brown"), {node("relate", 2, -1, "front")})) == list{1, 4});
  REQUIRE(members_of_last(with(the("brown"), {node("relate", 2, -1, "behind")})) == list{2, 3});
  const program two{node("scene"), node("filter_size", 0, -1, "small"), node("scene"), node("filter_shape", 2, -1, "cube")};
  REQUIRE(members_of_last(with(two, {node("union", 1, 3)})) == list{1, 2, 4});
  REQUIRE(members_of_last(with(two, {node("intersect", 1, 3)})) == list{4});
}

TEST_CASE("clevr_program: same_* leaves the object itself out", "[data][clevr]") {
  REQUIRE(members_of_last(with(the("green"), {node("same_size", 2)})) == list{4});
  REQUIRE(members_of_last(with(the("green"), {node("same_shape", 2)})) == list{0});
  REQUIRE(members_of_last(with(the("green"), {node("same_material", 2)})) == list{0, 1});
  REQUIRE(members_of_last(with(the("green"), {node("same_color", 2)})).empty());
  const program big_gray{node("scene"), node("filter_size", 0, -1, "large"), node("filter_color", 1, -1, "gray"), node("unique", 2),
                         node("same_color", 3)};
  REQUIRE(members_of_last(big_gray) == list{4});
}

TEST_CASE("clevr_program: counts, existence and queries", "[data][clevr]") {
  REQUIRE(answer({node("scene"), node("filter_color", 0, -1, "gray"), node("count", 1)}) == "2");
  REQUIRE(answer({node("scene"), node("filter_color", 0, -1, "red"), node("count", 1)}) == "0");
  REQUIRE(answer({node("scene"), node("filter_color", 0, -1, "red"), node("exist", 1)}) == "no");
  REQUIRE(answer({node("scene"), node("filter_color", 0, -1, "gray"), node("exist", 1)}) == "yes");
  REQUIRE(answer(with(the("purple"), {node("query_size", 2)})) == "large");
  REQUIRE(answer(with(the("purple"), {node("query_color", 2)})) == "purple");
  REQUIRE(answer(with(the("purple"), {node("query_material", 2)})) == "metal");
  REQUIRE(answer(with(the("purple"), {node("query_shape", 2)})) == "sphere");
}

TEST_CASE("clevr_program: comparisons of numbers are first against second", "[data][clevr]") {
  REQUIRE(compare_counts("greater_than", "gray", "green") == "yes");
  REQUIRE(compare_counts("greater_than", "green", "gray") == "no");
  REQUIRE(compare_counts("greater_than", "green", "brown") == "no");
  REQUIRE(compare_counts("less_than", "green", "gray") == "yes");
  REQUIRE(compare_counts("less_than", "gray", "green") == "no");
  REQUIRE(compare_counts("less_than", "green", "brown") == "no");
  REQUIRE(compare_counts("equal_integer", "green", "brown") == "yes");
  REQUIRE(compare_counts("equal_integer", "green", "gray") == "no");
}

TEST_CASE("clevr_program: comparisons of attributes and objects", "[data][clevr]") {
  REQUIRE(compare_values("size", "brown", "purple") == "yes");
  REQUIRE(compare_values("size", "brown", "green") == "no");
  REQUIRE(compare_values("color", "brown", "green") == "no");
  REQUIRE(compare_values("material", "brown", "green") == "yes");
  REQUIRE(compare_values("shape", "brown", "green") == "yes");
  REQUIRE(compare_values("shape", "brown", "purple") == "no");
  REQUIRE(answer(with(the("green"), {node("scene"), node("filter_color", 3, -1, "brown"), node("unique", 4), node("equal_object", 2, 5)})) == "no");
  REQUIRE(answer(with(the("green"), {node("equal_object", 2, 2)})) == "yes");
}

TEST_CASE("clevr_program: unique of no or several objects is INVALID", "[data][clevr]") {
  REQUIRE(answer({node("scene"), node("filter_size", 0, -1, "large"), node("unique", 1), node("query_shape", 2)}) == "INVALID");
  REQUIRE(answer(with(the("red"), {node("query_shape", 2)})) == "INVALID");
  REQUIRE(clevr::trace(val0(), the("red")).size() == 2);
}

TEST_CASE("clevr_program: sets of 64 objects and of none", "[data][clevr]") {
  clevr::scene s;
  const program count{node("scene"), node("count", 0)};
  REQUIRE(clevr::execute(s, count) == "0");
  s.objects.resize(64);
  REQUIRE(clevr::execute(s, count) == "64");
  s.objects.resize(65);
  REQUIRE(contains(message_of([&] { clevr::execute(s, count); }), "has 65 objects, wanted at most 64"));
}

TEST_CASE("clevr_program: every function has its name and back", "[data][clevr]") {
  for (const char* name : {"scene",          "filter_size", "filter_color",  "filter_material", "filter_shape",  "unique",      "relate",
                           "union",          "intersect",   "same_size",     "same_color",      "same_material", "same_shape",  "count",
                           "exist",          "query_size",  "query_color",   "query_material",  "query_shape",   "equal_size",  "equal_color",
                           "equal_material", "equal_shape", "equal_integer", "less_than",       "greater_than",  "equal_object"})
    REQUIRE(clevr::function_name(clevr::function_named(name).value()) == name);
  for (const char* name : {"", "filter_", "filter", "filter_weight", "equal_", "same", "counts", "SCENE"}) REQUIRE_FALSE(clevr::function_named(name));
}

TEST_CASE("clevr_program: a wrong program is refused with node, found and wanted", "[data][clevr]") {
  REQUIRE(clevr::program_fault({node("scene"), node("count", 0)}).empty());
  REQUIRE(clevr::program_fault({}).empty());
  REQUIRE(clevr::program_fault({node("scene"), node("count", 1)}) == "node 1 (count): found input 1, wanted an earlier node (0 to 0)");
  REQUIRE(clevr::program_fault({node("scene"), node("count", -5)}) == "node 1 (count): found input -5, wanted an earlier node (0 to 0)");
  REQUIRE(clevr::program_fault({node("scene"), node("count", 0, 0)}) == "node 1 (count): found an input too many, wanted 1");
  REQUIRE(clevr::program_fault({node("scene"), node("query_size", 0)}) ==
          "node 1 (query_size): found input 0 to be a set of objects, wanted an object");
  REQUIRE(clevr::program_fault(with(the("red"), {node("query_size", 2), node("query_shape", 2), node("equal_size", 3, 4)})) ==
          "node 5 (equal_size): found input 4 to be a shape, wanted a size");
  REQUIRE(clevr::program_fault(the("red")) == "node 2 (unique): found the last node to give an object, wanted a number, yes or no, or a value");
  REQUIRE(clevr::program_fault(program(128, node("scene"))) == "found 128 nodes, wanted at most 127");
  REQUIRE(contains(message_of([] { clevr::execute({}, {}); }), "clevr::execute: found an empty program"));
  REQUIRE(contains(message_of([] { clevr::execute({}, {node("count", 0)}); }), "clevr::execute: node 0 (count): found input 0"));
  clevr::scene bare = val0();
  bare.related = {};
  REQUIRE(contains(message_of([&] {
                     clevr::execute(bare, with(the("green"), {node("relate", 2, -1, "left"), node("count", 3)}));
                   }),
                   "scene 0 has no relationships \"left\""));
}

TEST_CASE("clevr_program: the question's type is that of its last function", "[data][clevr]") {
  const auto type = [](const char* last) { return clevr::type_of({node("scene"), node(last, 0)}); };
  REQUIRE(type("exist") == clevr::question_type::exist);
  REQUIRE(type("count") == clevr::question_type::count);
  for (const char* last : {"equal_integer", "less_than", "greater_than"}) REQUIRE(type(last) == clevr::question_type::compare_numbers);
  for (const char* last : {"query_size", "query_color", "query_material", "query_shape"})
    REQUIRE(type(last) == clevr::question_type::query_attribute);
  for (const char* last : {"equal_size", "equal_color", "equal_material", "equal_shape"})
    REQUIRE(type(last) == clevr::question_type::compare_attribute);
  REQUIRE_FALSE(type("unique"));
  REQUIRE_FALSE(clevr::type_of({}));
}
