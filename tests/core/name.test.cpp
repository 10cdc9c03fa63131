// tests/core/name.test.cpp
#include "relreason/core/name.hpp"

#include "catch.hpp"

using namespace relreason;

TEST_CASE("name: 23 letters fit, and every letter counts", "[core][name]") {
  static_assert(name{"a_name_of_23_letters_ok"}.size() == 23);
  static_assert(!(name{"a_name_of_23_letters_ok"} == name{"a_name_of_23_letters_oK"}));
  static_assert(name{""}.size() == 0 && name{} == name{""});
  const name longest{"a_name_of_23_letters_ok"};
  CHECK(longest.view() == "a_name_of_23_letters_ok");
}

TEST_CASE("name: what follows the dot is a side result", "[core][name]") {
  static_assert(name{"r.pairs"}.before_dot() == name{"r"});
  static_assert(name{"r.pairs"}.after_dot() == name{"pairs"});
  static_assert(name{"r"}.before_dot() == name{"r"});
  static_assert(name{"r"}.after_dot() == name{});
  static_assert(name{"r."}.after_dot() == name{});
  static_assert(name{"r.a.b"}.after_dot() == name{"a.b"});
  const name side = name{"a_line_name.weight_size"}.after_dot();
  CHECK(side.view() == "weight_size");
}
