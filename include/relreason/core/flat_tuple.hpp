// relreason/core/flat_tuple.hpp -- one value of each type of a pack, and a type of a pack by number, without recursion and without std::tuple.
// nvcc's front end keeps where a type came from: through std::tuple_element_t, or one more alias around find(), each further line of a model doubles
// its time.
#pragma once

#include <type_traits>
#include <utility>

namespace relreason {

namespace detail {

// The type at place I: typename decltype(number_all<sequence, Ts...>::find(std::integral_constant<int, I>{}))::type.
template <int I, class T>
struct numbered {
  using type = T;
  static numbered find(std::integral_constant<int, I>);
};
template <class Numbers, class... Ts>
struct number_all;
template <int... I, class... Ts>
struct number_all<std::integer_sequence<int, I...>, Ts...> : numbered<I, Ts>... {
  using numbered<I, Ts>::find...;
};

template <int I, class T>
struct tuple_place {
  T value{};
};
template <int I, class T>
constexpr T& place_of(tuple_place<I, T>& e) {
  return e.value;
}
template <class Numbers, class... Ts>
struct tuple_places;
template <int... I, class... Ts>
struct tuple_places<std::integer_sequence<int, I...>, Ts...> : tuple_place<I, Ts>... {};

}  // namespace detail

template <class... Ts>
struct flat_tuple : detail::tuple_places<std::make_integer_sequence<int, static_cast<int>(sizeof...(Ts))>, Ts...> {
  template <int I>
  constexpr auto& at() {
    return detail::place_of<I>(*this);
  }
};

}  // namespace relreason
