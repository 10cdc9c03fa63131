// tests/core/limits.test.cpp
#include "relreason/core/limits.hpp"

#include "catch.hpp"
#include "relreason/graph/pick.hpp"
#include "relreason/message/pool.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;

namespace {
struct scene : sample {};
struct object : each<scene> {};
struct part : at_most<3, object> {};
struct pair : all_pairs<object> {};
struct chosen : some<object> {};
struct prompt : once {};
using net = model<input<"o", features<2>, object>, input<"p", features<2>, part>, input<"t", features<1>, prompt>, let<"s", pool<part>, of<"p">>,
                  let<"h", linear<3>, of<"o", "s", "t">>, let<"c", pick<chosen>, of<"h">>, let<"d", pool<chosen>, of<"c">>,
                  let<"r", sum_over<pair, mlp<relu<4>>>, of<"h", "h", "d">>>;
const extent& at(const std::array<extent, net::n_spaces>& e, int i) { return e[static_cast<std::size_t>(i)]; }
}  // namespace

TEST_CASE("limits: capacities multiply down the spaces", "[core][limits]") {
  limits<net> planned;
  planned.samples = 10;
  planned.set<object>(4);
  std::array<extent, net::n_spaces> e;
  capacity_extents(planned, 5, e.data());
  CHECK(at(e, net::space<scene>()).rows == 5);
  CHECK(at(e, net::space<object>()).rows == 20);
  CHECK(at(e, net::space<object>()).padded == 4);
  CHECK(at(e, net::space<part>()).rows == 60);  // at_most<3> needs no set()
  CHECK(at(e, net::space<pair>()).rows == 80);
  CHECK(at(e, net::space<chosen>()).rows == 20);  // at most all of them, unless set
  CHECK(at(e, net::space<prompt>()).rows == 1);
  planned.set<chosen>(2);
  capacity_extents(planned, 5, e.data());
  CHECK(at(e, net::space<chosen>()).rows == 10);
}

TEST_CASE("limits: a model's spaces stand after what they stand on, under the user's names", "[core][limits]") {
  const auto& names = space_names_of_model<net>;
  const auto place = [&](std::string_view n) { return std::find(names.begin(), names.end(), n) - names.begin(); };
  CHECK(place("scene") < place("object"));
  CHECK(place("object") < place("part"));
  CHECK(place("object") < place("pair"));
  CHECK(place("object") < place("chosen"));
  CHECK(place("prompt") < net::n_spaces);
  CHECK(net::n_spaces == 6);
}
