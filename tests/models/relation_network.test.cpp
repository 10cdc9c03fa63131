// tests/models/relation_network.test.cpp -- the published networks' sizes.
#include "relreason/models/relation_network.hpp"

#include "catch.hpp"
#include "relreason/core/parameters.hpp"

using namespace relreason;

namespace {

// The relational part of the networks on pixels: 64 cells of 24 maps and two coordinates, a question of 128.
struct image : sample {};
struct cell : each<image> {};
struct cell_pair : all_pairs<cell> {};
template <class... Options>
using g_part = model<input<"o", features<26>, cell>, input<"q", features<128>, image>,
                     let<"r", sum_over<cell_pair, mlp<relu<256>, relu<256>, relu<256>, relu<256>>, Options...>, of<"o", "o", "q">>>;
using f_part = model<input<"r", features<256>, image>, let<"a", mlp<relu<256>, relu<256>, dropout<50>, linear<28>>, of<"r">>>;
// AVF-RN: no question in g, 4096 weights of pairs, the bidirectional question of 256 after one layer of f.
using avf_part = model<input<"o", features<26>, cell>, input<"q", features<256>, image>,
                       let<"r", sum_over<cell_pair, mlp<relu<256>, relu<256>, relu<256>, relu<512>>, by_weights<64>>, of<"o", "o">>,
                       let<"f", mlp<relu<256>>, of<"r">>, let<"a", mlp<relu<256>, relu<256>, dropout<50>, linear<28>>, of<"f", "q">>>;
template <int H, class Cell, class Padding>
using text_part = model<input<"w", ids<82>, models::word>, let<"q", last_state<Cell, embedding<H>, Padding>, of<"w">>>;

}  // namespace

TEST_CASE("relation network: g and f have the published number of parameters, wherever the question joins", "[models]") {
  CHECK(parameters<g_part<>>::count() == 243712);
  CHECK(parameters<g_part<question_at<2>>>::count() == 243712);
  CHECK(parameters<f_part>::count() == 138780);
  CHECK(parameters<text_part<32, lstm<128>, leading>>::count() == 2656 + 82944);
  CHECK(parameters<text_part<32, bi_lstm<128>, packed>>::count() == 2656 + 165888);
  constexpr std::size_t convolutions = 16488;  // with batch norm
  CHECK(parameters<avf_part>::count() + 2656 + 165888 + convolutions == 801508);
}

TEST_CASE("relation network: the state models have the published number of parameters and PyTorch's shapes", "[models]") {
  CHECK(parameters<models::rn_state<>>::count() == 2043004);
  CHECK(parameters<models::two_stage_rn_state<>>::count() == 2043004);
  using rn = parameters<models::rn_state<>>;
  CHECK(rn::entry("q.embedding.weight").shape == std::vector<int>{83, 32});
  CHECK(rn::entry("q.lstm.weight_ih_l0").shape == std::vector<int>{1024, 32});
  CHECK(rn::entry("r.g.0.weight").shape == std::vector<int>{512, 7 + 7 + 256});
  CHECK(rn::entry("a.1.weight").shape == std::vector<int>{1024, 512});
  CHECK(rn::entry("a.2.bias").shape == std::vector<int>{28});
  CHECK(parameters<models::two_stage_rn_state<>>::entry("r.g.2.weight").shape == std::vector<int>{512, 512 + 256});
}
