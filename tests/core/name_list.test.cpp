// tests/core/name_list.test.cpp -- enumerators by their names.
#include "relreason/core/name_list.hpp"

#include "catch.hpp"
#include "support/message_of.hpp"

using namespace relreason::detail;

namespace {
enum class color { red, green, blue };
constexpr std::array<std::string_view, 3> names{"red", "green", "blue"};
}  // namespace

TEST_CASE("enumerator_named: every name gives its enumerator, another one an error that lists all", "[core]") {
  CHECK(enumerator_named<color>("paint", names, "red") == color::red);
  CHECK(enumerator_named<color>("paint", names, "blue") == color::blue);
  for (const char* none : {"", "Red", "re", "redd", "red, green"}) {
    const std::string message = message_of([&] { enumerator_named<color>("paint", names, none); });
    CHECK(message == std::string("paint: found \"") + none + "\", wanted one of red, green, blue");
  }
}
