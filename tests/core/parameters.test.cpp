// tests/core/parameters.test.cpp
#include "relreason/core/parameters.hpp"

#include "catch.hpp"
#include "relreason/nn/embedding.hpp"
#include "relreason/nn/mlp.hpp"
#include "support/message_of.hpp"

using namespace relreason;

namespace {
struct scene : sample {};
struct word : each<scene> {};
using small = model<input<"x", features<4>, scene>, let<"a", linear<3>, of<"x">>>;
// The same "a" behind other lines, and a frozen one.
using large = model<input<"x", features<4>, scene>, input<"w", ids<9>, word>, let<"e", embedding<30>, of<"w">>, frozen<"f", linear<2>, of<"x">>,
                    let<"a", linear<3>, of<"x">>, let<"b", linear<3>, of<"x">>, output<"e">, output<"f">, output<"a">, output<"b">>;
}  // namespace

TEST_CASE("parameters: a value depends on seed, path and position, not on the model around it", "[core][parameters]") {
  const parameters<small> p(7);
  const parameters<large> q(7), other(8);
  for (std::size_t i = 0; i < 12; ++i) CHECK(p.find("a.weight")[i] == q.find("a.weight")[i]);
  CHECK(q.find("a.weight")[0] != q.find("b.weight")[0]);
  CHECK(q.find("a.weight")[0] != other.find("a.weight")[0]);
  CHECK(p.find("a.weight")[5] ==
        static_cast<float>(0.5 * (2.0 * static_cast<double>(philox::uniform(7, stream_of("a.weight"), 5)) - 1.0)));  // U(-1/sqrt 4, 1/sqrt 4)
}

TEST_CASE("parameters: learned arrays come first and frozen ones are not counted", "[core][parameters]") {
  using p = parameters<large>;
  CHECK(p::count() == 10 * 30 + 2 * (12 + 3));
  CHECK(p::entry("f.weight").offset >= p::table().learned);
  CHECK(p::entry("e.weight").offset < p::table().learned);
  CHECK(p::entry("e.weight").shape == std::vector<int>{10, 30});
  for (const auto& e : p::table().entries) CHECK(e.offset % 16 == 0);
  CHECK(contains(message_of([] { p::entry("c.weight"); }),
                 "no array named c.weight; the model has e.weight f.weight f.bias a.weight a.bias b.weight b.bias"));
}

TEST_CASE("parameters: tied lines of different shapes are an error that names the key", "[core][parameters]") {
  using untieable = model<input<"x", features<4>, scene>, let<"a", shared<"t", linear<3>>, of<"x">>, let<"b", shared<"t", linear<3>>, of<"a">>>;
  CHECK(contains(message_of([] { parameters<untieable> p; }), "the lines that share \"t\" have arrays of different shapes"));
}

TEST_CASE("parameters: tied arrays are learned if any of their lines is, whichever stands first", "[core][parameters]") {
  using first = model<input<"x", features<4>, scene>, frozen<"a", shared<"t", linear<4>>, of<"x">>, let<"b", shared<"t", linear<4>>, of<"x">>,
                      output<"a">, output<"b">>;
  using last = model<input<"x", features<4>, scene>, let<"b", shared<"t", linear<4>>, of<"x">>, frozen<"a", shared<"t", linear<4>>, of<"x">>,
                     output<"a">, output<"b">>;
  CHECK(parameters<first>::count() == 4 * 4 + 4);
  CHECK(parameters<last>::count() == 4 * 4 + 4);
}

TEST_CASE("parameters: embeddings start as standard normal numbers", "[core][parameters]") {
  const parameters<large> q(7);
  double sum = 0, square = 0;
  for (std::size_t i = 0; i < 300; ++i)
    sum += static_cast<double>(q.find("e.weight")[i]), square += std::pow(static_cast<double>(q.find("e.weight")[i]), 2);
  CHECK(std::abs(sum / 300) < 4 / std::sqrt(300.0));  // four standard errors
  CHECK(std::abs(square / 300 - 1) < 4 * std::sqrt(2 / 300.0));
}
