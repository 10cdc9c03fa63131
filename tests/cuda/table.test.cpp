// tests/cuda/table.test.cpp -- the table of operations by backend in docs/policies/backend.md is that of the library.
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "catch.hpp"
#include "relreason/backend/cuda/trainer.cuh"
#include "relreason/core/block.hpp"
#include "relreason/graph/pick.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/loss/multi_label.hpp"
#include "relreason/message/encode_pairs.hpp"
#include "relreason/message/pool.hpp"
#include "relreason/nn/add.hpp"
#include "relreason/nn/batch_norm.hpp"
#include "relreason/nn/conv2d.hpp"
#include "relreason/nn/dropout.hpp"
#include "relreason/nn/gelu.hpp"
#include "relreason/nn/grid_objects.hpp"
#include "relreason/nn/lstm.hpp"
#include "relreason/nn/mlp.hpp"
#include "relreason/nn/pool2d.hpp"
#include "relreason/nn/relu.hpp"
#include "relreason/nn/shortcut.hpp"
#include "relreason/nn/unit_range.hpp"
#include "relreason/optim/adamw.hpp"
#include "relreason/optim/sgd.hpp"

using namespace relreason;

namespace {

struct scene : sample {};
struct object : each<scene> {};
struct cell : exactly<16, scene> {};
struct pair : all_pairs<object> {};
struct masked : some<object> {};
using x = rows<object, 4>;
using on_scene = rows<scene, 4>;
using image = value<scene, maps<3, 4, 4>>;

// An operation of a user's that says nothing of devices.
struct loops {
  template <class X>
  struct bind : operation {
    using out = rows<typename X::space, X::width>;
  };
};

template <class Operation, class... Values>
constexpr bool runs_there = Operation::template bind<Values...>::on_device;
template <class Optimizer>
constexpr bool has_factors = requires(const Optimizer& o) {
  o.template factors<float>(double{}, 1LL, double{});
};

// What packs weights computes products, and those alone have a precision.
template <class Operation, class... Values>
constexpr bool has_products = Operation::template bind<Values...>::n_prepared > 0;
std::string precisions(bool products) { return products ? "| fp32, bf16, double | fp32, tf32, bf16 |" : "| fp32, double | fp32 |"; }

// Names in `ticks` in the first column of the table that follows a line.
std::map<std::string, std::string> table_after(const std::string& page, const std::string& heading) {
  std::ifstream file(RELREASON_SOURCE_DIR "/docs/policies/" + page);
  std::map<std::string, std::string> rows;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("## ", 0) == 0) inside = line == heading;
    if (!inside || line.rfind("| `", 0) != 0) continue;
    const auto end = line.find_first_of("`<,", 3);
    rows[line.substr(3, end - 3)] = line;
  }
  return rows;
}

}  // namespace

TEST_CASE("operations by backend: the table names what runs on a device, and everything that ships", "[cuda]") {
  using stack = block<of<"x">, let<"y", add, of<"x", "x">>>;
  const std::map<std::string, bool> wanted{{"linear", runs_there<linear<3>, x>},
                                           {"mlp", runs_there<mlp<relu<3>>, x>},
                                           {"dropout", runs_there<dropout<10>, x>},
                                           {"embedding", runs_there<embedding<3>, value<object, ids<5>>>},
                                           {"last_state", runs_there<last_state<lstm<3>, embedding<2>>, value<object, ids<5>>>},
                                           {"add", runs_there<add, x, x>},
                                           {"relu", runs_there<relu<>, x>},
                                           {"gelu", runs_there<gelu<>, x>},
                                           {"gelu_tanh", runs_there<gelu_tanh<>, x>},
                                           {"unit_range", runs_there<unit_range, value<scene, pixels<3, 4, 4>>>},
                                           {"batch_norm", runs_there<batch_norm<>, image>},
                                           {"conv2d", runs_there<conv2d<5, kernel<3>>, image>},
                                           {"pool2d", runs_there<pool2d<by_max>, image>},
                                           {"global_pool", runs_there<global_pool<>, image>},
                                           {"grid_objects", runs_there<grid_objects<cell>, image>},
                                           {"padded_shortcut", runs_there<padded_shortcut<5>, image>},
                                           {"pool", runs_there<pool<object>, x>},
                                           {"sum_over", runs_there<sum_over<pair, mlp<relu<3>>>, x, x, on_scene>},
                                           {"encode_pairs", runs_there<encode_pairs<pair, mlp<relu<3>>>, x, x, on_scene>},
                                           {"pick", runs_there<pick<masked>, x>},
                                           {"block", runs_there<stack, x>},
                                           {"repeat", runs_there<repeat<2, stack>, x>},
                                           {"shared", runs_there<stack, x>},
                                           {"cross_entropy", runs_there<cross_entropy<>, rows<scene, 3>, value<scene, label<3>>>},
                                           {"multi_label", runs_there<multi_label, on_scene, on_scene>},
                                           {"adam", has_factors<adam>},
                                           {"adamw", has_factors<adamw>},
                                           {"sgd", has_factors<sgd>}};
  const auto table = table_after("backend.md", "## Operations by backend");
  const std::map<std::string, bool> products{{"linear", has_products<linear<3>, x>},
                                             {"mlp", has_products<mlp<relu<3>>, x>},
                                             {"dropout", has_products<dropout<10>, x>},
                                             {"embedding", has_products<embedding<3>, value<object, ids<5>>>},
                                             {"last_state", has_products<last_state<lstm<3>, embedding<2>>, value<object, ids<5>>>},
                                             {"add", has_products<add, x, x>},
                                             {"relu", has_products<relu<>, x>},
                                             {"gelu", has_products<gelu<>, x>},
                                             {"gelu_tanh", has_products<gelu_tanh<>, x>},
                                             {"unit_range", has_products<unit_range, value<scene, pixels<3, 4, 4>>>},
                                             {"batch_norm", has_products<batch_norm<>, image>},
                                             {"conv2d", has_products<conv2d<5, kernel<3>>, image>},
                                             {"pool2d", has_products<pool2d<by_max>, image>},
                                             {"global_pool", has_products<global_pool<>, image>},
                                             {"grid_objects", has_products<grid_objects<cell>, image>},
                                             {"padded_shortcut", has_products<padded_shortcut<5>, image>},
                                             {"pool", has_products<pool<object>, x>},
                                             {"sum_over", has_products<sum_over<pair, mlp<relu<3>>>, x, x, on_scene>},
                                             {"encode_pairs", has_products<encode_pairs<pair, mlp<relu<3>>>, x, x, on_scene>},
                                             {"pick", has_products<pick<masked>, x>}};
  for (const auto& [name, some] : products) {
    INFO(name);
    const auto row = table.find(name);
    REQUIRE(row != table.end());
    CHECK(row->second == "| `" + name + "` " + precisions(some));
  }
  std::set<std::string> names, rows;
  for (const auto& [name, there] : wanted) {
    INFO(name);
    CHECK(there);
    names.insert(name);
  }
  for (const auto& [name, row] : table) rows.insert(name);
  CHECK(rows == names);
  auto shipped = table_after("operation.md", "## What ships");
  shipped.merge(table_after("loss.md", "## What ships"));
  shipped.merge(table_after("optimizer.md", "## What ships"));
  CHECK(shipped.size() >= 15);
  for (const auto& [name, row] : shipped) {
    INFO(name << " ships, so the table has a row of it");
    CHECK(rows.count(name) == 1);
  }
}

TEST_CASE("operations by backend: what loops over host memory does not claim a device", "[cuda]") {
  CHECK_FALSE(runs_there<loops, x>);
  CHECK_FALSE(runs_there<repeat<2, loops>, x>);
  CHECK_FALSE(runs_there<block<of<"x">, let<"y", add, of<"x", "x">>, let<"z", loops, of<"y">>>, x>);
}
