// tests/core/describe.test.cpp -- a model in words and as a drawing; a change of either shows here.
#include "relreason/core/describe.hpp"

#include "catch.hpp"
#include "support/small_relations.hpp"

using namespace relreason;

namespace {

struct scene : sample {};
struct object : each<scene> {};
using tied = model<input<"x", features<3>, object>, frozen<"f", linear<3>, of<"x">>, let<"a", shared<"t", linear<3>>, of<"f">>,
                   let<"b", shared<"t", linear<3>>, of<"a">>, output<"b">>;

}  // namespace

// FLOPs by hand: q 2 * 9 * 36 * 6 words; r 2 * 37 * (3 + 3) * 5 objects + 2 * 37 * 9 for the question + 2 * 37 * 33 * 36 pairs, the pads being one object; a 2 * (33 * 19 + 19 * 4).
TEST_CASE("describe: the table of a Relation Network", "[core][describe]") {
  CHECK(describe<small::net>(small::planned()) ==
        "name    operation                                           space   width    parameters         FLOPs         bytes  reads\n"
        "o       input                                               object      3             0             0            60\n"
        "w       input                                               word        1             0             0            24\n"
        "label   input                                               scene       1             0             0             4\n"
        "q       last state of lstm 9, embedding 5, leading pads     scene       9           616          3888            36  w\n"
        "r       sum over pair of mlp 37 relu, 33 relu, padded to 6  scene      33          1846         90798           132  o, o, q\n"
        "a       mlp 19 relu, dropout 20 %, 4                        scene       4           726          1406            16  r\n"
        "loss 1  cross entropy                                                                 0             0             0  a, label\n"
        "total                                                                              3188         96092           272\n");
}

TEST_CASE("describe: the drawing of a Relation Network", "[core][describe]") {
  CHECK(describe_dot<small::net>(small::planned()) == R"(digraph model {
  rankdir=TB;
  node [shape=box, fontname="sans-serif"];
  "o" [shape=ellipse, label="o\ninput\nobject x 3"];
  "w" [shape=ellipse, label="w\ninput\nword x 1"];
  "label" [shape=ellipse, label="label\ninput\nscene x 1"];
  "q" [shape=box, label="q\nlast state of lstm 9, embedding 5, leading pads\nscene x 9"];
  "w" -> "q";
  "r" [shape=box, label="r\nsum over pair of mlp 37 relu, 33 relu, padded to 6\nscene x 33"];
  "o" -> "r";
  "o" -> "r";
  "q" -> "r";
  "a" [shape=box, label="a\nmlp 19 relu, dropout 20 %, 4\nscene x 4"];
  "r" -> "a";
  "loss 1" [shape=octagon, label="loss 1\ncross entropy"];
  "a" -> "loss 1";
  "label" -> "loss 1";
}
)");
}

TEST_CASE("describe: shared arrays count once, frozen ones are not learned", "[core][describe]") {
  limits<tied> at;
  at.set<object>(2);
  const auto lines = describe_lines_of<tied>(at);
  REQUIRE(lines.size() == 5);
  CHECK(lines[1].operation == "linear 3, frozen");
  CHECK(lines[2].operation == "linear 3, shares t");
  CHECK(lines[2].flops == 2 * 3 * 3 * 2);
  const std::string table = describe<tied>(at);
  const auto total = table.substr(table.find("total"));
  CHECK(total.find(" 12 ") != std::string::npos);  // 3 * 3 + 3, once
}
