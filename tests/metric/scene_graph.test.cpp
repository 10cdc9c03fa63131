// tests/metric/scene_graph.test.cpp
#include "relreason/metric/scene_graph.hpp"

#include "catch.hpp"
#include "relreason/data/clevr_files.hpp"
#include "support/shared_data.hpp"
#include "support/small_graphs.hpp"

using namespace relreason::metric;

namespace {

relreason::clevr::scene two_objects() {
  relreason::clevr::scene s;
  s.image_index = 7;
  s.image_filename = "x.png";
  s.objects.resize(2);
  s.objects[0].attributes = {0, 4, 0, 1};
  s.objects[1].attributes = {1, 1, 1, 0};
  s.related[relreason::clevr::right] = {{1}, {}};  // object 1 is right of object 0
  s.related[relreason::clevr::front] = {{}, {0}};  // object 0 is in front of object 1
  return s;
}

}  // namespace

TEST_CASE("scene_graph_of: a in relationships[right][b] is the edge a -> b", "[metric]") {
  const auto g = scene_graph_of(two_objects());
  REQUIRE(g.size() == 2);
  CHECK(g.attributes(0) == 0x00040001);
  CHECK(g.attributes(1) == 0x01010100);
  CHECK(g.has(scene_graph::right, 1, 0));
  CHECK_FALSE(g.has(scene_graph::right, 0, 1));
  CHECK(g.has(scene_graph::front, 0, 1));
  CHECK_FALSE(g.has(scene_graph::front, 1, 0));
}

TEST_CASE("scene_graph: counts of label sets follow the edges, in whatever order these come", "[metric]") {
  scene_graph g;
  for (int i = 0; i < 4; ++i) g.add({});
  g.connect(scene_graph::right, 0, 1);
  g.connect(scene_graph::front, 0, 2);
  g.connect(scene_graph::front, 0, 1);
  g.connect(scene_graph::right, 0, 3);
  g.connect(scene_graph::right, 0, 3);  // known already
  CHECK(g.counts(0).right == 1);
  CHECK(g.counts(0).front == 1);
  CHECK(g.counts(0).both == 1);
  CHECK(g.counts(1).both == 0);
  CHECK(g.edges(scene_graph::right, 0) == 0b1010);
}

TEST_CASE("scene_graph: compare is 0 for equal graphs only, and turns its sign with its sides", "[metric]") {
  using namespace small_graphs;
  const scene_graph all[]{graph_a(), graph_b(), graph_c(), graph_d(), graph_e(), graph_f()};
  for (const auto& x : all)
    for (const auto& y : all) {
      CHECK((x.compare(y) == 0) == (&x == &y));
      CHECK(x.compare(y) == -y.compare(x));
    }
}

TEST_CASE("scene_graph_of: in 1,000 published scenes both relations order all objects", "[metric]") {
  const auto path = shared_data("clevr/scenes/CLEVR_train_scenes_first1000.json.gz");
  if (!path) return;
  const auto published = relreason::clevr::read_scenes(*path);
  REQUIRE(published.size() == 1000);
  int not_once = 0;  // pairs without an edge in one direction and one only
  for (const auto& scene : published) {
    const auto g = scene_graph_of(scene);
    REQUIRE(g.size() == static_cast<int>(scene.objects.size()));
    for (const auto r : {scene_graph::right, scene_graph::front})
      for (int a = 0; a < g.size(); ++a)
        for (int b = 0; b < a; ++b) not_once += g.has(r, a, b) == g.has(r, b, a);
  }
  CHECK(not_once == 0);
}

TEST_CASE("differing_attributes: counts bytes, whichever bits differ", "[metric]") {
  CHECK(detail::differing_attributes(0x01020304, 0x01020304) == 0);
  CHECK(detail::differing_attributes(0x01020304, 0x81020304) == 1);
  CHECK(detail::differing_attributes(0x00000000, 0xff010080) == 3);
  CHECK(detail::differing_attributes(0x00000000, 0x01020408) == 4);
}

TEST_CASE("scene_graph_of: scenes without relationships or with broken ones are errors that name scene and object", "[metric]") {
  auto s = two_objects();
  s.related[relreason::clevr::front].clear();
  CHECK_THROWS_WITH(scene_graph_of(s),
                    "scene_graph_of: scene 7 x.png: found relationships \"front\" of 0 objects, wanted 2; read scenes that have them");
  s = two_objects();
  s.related[relreason::clevr::right][1] = {2};
  CHECK_THROWS_WITH(scene_graph_of(s), "scene_graph_of: scene 7 x.png: object 1: found object 2 right of it, wanted another one below 2");
  s.related[relreason::clevr::right][1] = {1};
  CHECK_THROWS_WITH(scene_graph_of(s), "scene_graph_of: scene 7 x.png: object 1: found object 1 right of it, wanted another one below 2");
  s.objects.resize(33);
  CHECK_THROWS_WITH(scene_graph_of(s), "scene_graph_of: scene 7 x.png: found 33 objects, wanted at most 32");
  scene_graph g;
  CHECK_THROWS_WITH(g.connect(scene_graph::right, 0, 0), "scene_graph::connect: found an edge from object 0 to 0, wanted two different ones below 0");
}
