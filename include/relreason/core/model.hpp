// relreason/core/model.hpp -- a model: a flat list of named equations, resolved to spaces and widths by the compiler.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

#include "relreason/core/flat_tuple.hpp"
#include "relreason/core/name.hpp"
#include "relreason/core/operation.hpp"
#include "relreason/graph/value.hpp"

namespace relreason {

// ---- the lines a user writes
template <name... Names>
struct of {};
template <name Name, class What, class Space>
struct input {};
template <name Name, class Operation, class Of>
struct let {};
template <name Name, class Operation, class Of>  // computed, never learned: no gradient flows into or through it
struct frozen {};
template <int Numerator, int Denominator = 1>
struct weight {
  static_assert(Denominator > 0, "relreason::weight: the denominator must be positive");
  static constexpr double value = static_cast<double>(Numerator) / Denominator;
};
struct per_entry {};   // a loss's mean is over the entries of its space (weights count) in the whole step
struct per_sample {};  // over the samples of the step
struct per_step {};    // a plain sum
template <class Loss, class Of, class Weight = weight<1>, class Mean = per_entry>
struct minimize {};
template <name Name>  // a value that is wanted at prediction though no loss reads it
struct output {};
template <name Key, class Operation>  // tied parameters: every line with this key uses the same arrays
struct shared {
  static_assert(!(Key == name("optimizer")), "relreason::shared: no key is optimizer, which stands before the optimizer's arrays in a checkpoint");
  template <class... Inputs>
  struct bind : Operation::template bind<Inputs...> {
    static constexpr name key = Key;
  };
};

// ---- resolved lines: flat, each carries no other line in its type
enum class line_kind { input, let, frozen, minimize, output };
template <name Name, line_kind Kind, class Value, class Bound, class Of, class Extra = void>
struct line {
  static constexpr name id = Name;
  static constexpr line_kind kind = Kind;
  using value = Value;
  using bound = Bound;
  using reads = Of;
  using extra = Extra;
};

namespace detail {

template <class Stated>
struct stated_name {
  static constexpr name id{};
};
template <name N, class W, class S>
struct stated_name<input<N, W, S>> {
  static constexpr name id = N;
};
template <name N, class O, class R>
struct stated_name<let<N, O, R>> {
  static constexpr name id = N;
};
template <name N, class O, class R>
struct stated_name<frozen<N, O, R>> {
  static constexpr name id = N;
};

template <name N, class... Lines>
constexpr int find_line(list<Lines...>) {
  int i = 0, at = -1;
  ((Lines::id == N ? (at = i, ++i) : ++i), ...);
  return at;
}
template <name N, class... Stated>
constexpr bool is_stated(list<Stated...>) {
  return ((stated_name<Stated>::id == N) || ...);
}

struct nothing {  // stands for a value that could not be found; every width and space check on it is skipped by the error already given
  using space = sample;
  using what = features<1>;
  static constexpr int width = 1;
  static constexpr bool integral = false, bytes = false;
};

// By recursion: the list grows while lines are resolved, and nvcc's time with what else was tried (core/flat_tuple.hpp).
template <int I, class... Done>
struct value_at {
  using type = nothing;
};
template <int I, class First, class... Done>
  requires(I > 0)
struct value_at<I, First, Done...> {
  using type = typename value_at<I - 1, Done...>::type;
};
template <class First, class... Done>
struct value_at<0, First, Done...> {
  using type = typename First::value;
};

template <name N, class All, class Done>
struct value_named;
template <name N, class All, class... Done>
struct value_named<N, All, list<Done...>> {
  static constexpr int at = find_line<N>(list<Done...>{});
  static_assert(at >= 0 || !is_stated<N>(All{}),
                "relreason::model: an equation reads a name that only itself or a later line defines; equations are read from top to bottom");
  static_assert(at >= 0 || is_stated<N>(All{}), "relreason::model: an equation reads a name that no line defines");
  using type = typename value_at<at, Done...>::type;
};

template <name N, class Done>
struct require_new {
  static_assert(find_line<N>(Done{}) < 0, "relreason::model: two lines define the same name");
  static_assert(!(N == name("optimizer")),
                "relreason::model: no line is named optimizer, which stands before the optimizer's arrays in a checkpoint");
  static_assert(N.size() > 0 && N.dot() == N.size(), "relreason::model: a name has letters and no dot, which stands before a side result");
  using type = void;
};

struct no_operation : operation {  // stands for what could not be bound, after the error
  using out = nothing;
};
template <class Op, class Values>
struct bind_to {
  static_assert(!std::is_same_v<Op, Op>, "relreason::model: what an equation names is not an operation, or it reads another number of values");
  using type = no_operation;
};
template <class Op, class... Values>
  requires requires { typename Op::template bind<Values...>; }
struct bind_to<Op, list<Values...>> {
  using type = typename Op::template bind<Values...>;
};

template <class Stated, class All, class Done>
struct resolve_line {
  static_assert(!std::is_same_v<Stated, Stated>, "relreason::model: a line must be input, let, frozen, minimize or output");
};
template <name N, class What, class Space, class All, class Done>
struct resolve_line<input<N, What, Space>, All, Done> {
  static_assert(
      requires { What::limit; }, "relreason::model: the second argument of an input is features<n>, ids<n> or label<n>");
  static_assert(
      requires { Space::kind; }, "relreason::model: the third argument of an input is an index space, as struct scene : sample {}");
  using checked = typename require_new<N, Done>::type;
  using type = line<N, line_kind::input, value<Space, What>, operation, of<>>;
};
template <name N, class Op, name... Ns, class All, class Done>
struct resolve_line<let<N, Op, of<Ns...>>, All, Done> {
  static_assert(sizeof...(Ns) > 0, "relreason::model: an equation must read something");
  using checked = typename require_new<N, Done>::type;
  using bound = typename bind_to<Op, list<typename value_named<Ns, All, Done>::type...>>::type;
  using type = line<N, line_kind::let, typename bound::out, bound, of<Ns...>>;
};
template <name N, class Op, name... Ns, class All, class Done>
struct resolve_line<frozen<N, Op, of<Ns...>>, All, Done> {
  using checked = typename require_new<N, Done>::type;
  using bound = typename bind_to<Op, list<typename value_named<Ns, All, Done>::type...>>::type;
  using type = line<N, line_kind::frozen, typename bound::out, bound, of<Ns...>>;
};
template <class Loss, name... Ns, class Weight, class Mean, class All, class Done>
struct resolve_line<minimize<Loss, of<Ns...>, Weight, Mean>, All, Done> {
  static_assert(
      requires { Weight::value; }, "relreason::minimize: the third argument is weight<n, d>; how the mean is taken is the fourth");
  static_assert(std::is_same_v<Mean, per_entry> || std::is_same_v<Mean, per_sample> || std::is_same_v<Mean, per_step>,
                "relreason::minimize: the fourth argument is per_entry, per_sample or per_step");
  using bound = typename bind_to<Loss, list<typename value_named<Ns, All, Done>::type...>>::type;
  using type = line<name{}, line_kind::minimize, nothing, bound, of<Ns...>, list<Weight, Mean>>;
};
template <name N, class All, class Done>
struct resolve_line<output<N>, All, Done> {
  using checked = typename value_named<N, All, Done>::type;
  using type = line<name{}, line_kind::output, nothing, operation, of<N>>;
};

template <class All, class Done, class... Rest>
struct resolve {
  using type = Done;
};
template <class All, class... Done, class Stated, class... Rest>
struct resolve<All, list<Done...>, Stated, Rest...> {
  using type = typename resolve<All, list<Done..., typename resolve_line<Stated, All, list<Done...>>::type>, Rest...>::type;
};

// ---- the spaces of a model: parents and ends before those that stand on them
template <class Spaces, class S>
struct add_space;
template <class Spaces, class... More>
struct add_spaces {
  using type = Spaces;
};
template <class Spaces, class S, class... More>
struct add_spaces<Spaces, S, More...> {
  using type = typename add_spaces<typename add_space<Spaces, S>::type, More...>::type;
};
template <class S>
struct stands_on {
  using type = list<typename S::parent>;
};
template <class S>
  requires requires { typename S::receiver; }
struct stands_on<S> {
  using type = list<typename S::parent, typename S::receiver, typename S::sender>;
};
template <class S>
  requires requires { typename S::whole; }
struct stands_on<S> {
  using type = list<typename S::parent, typename S::whole>;
};
template <class Spaces, class Below>
struct add_all;
template <class Spaces, class... Below>
struct add_all<Spaces, list<Below...>> {
  using type = typename add_spaces<Spaces, Below...>::type;
};
template <class S, class... Ss>
struct add_space<list<Ss...>, S> {
  template <class Below>
  struct append;
  template <class... Bs>
  struct append<list<Bs...>> {
    using type = list<Bs..., S>;
  };
  static auto pick() {
    if constexpr (std::is_void_v<S> || index_of<S>(list<Ss...>{}) >= 0) return list<Ss...>{};
    else return typename append<typename add_all<list<Ss...>, typename stands_on<S>::type>::type>::type{};
  }
  using type = decltype(pick());
};

template <class Line>
struct line_spaces {
  static auto pick() {
    if constexpr (Line::kind == line_kind::minimize || Line::kind == line_kind::output) return typename Line::bound::spaces{};
    else return joined(typename Line::bound::spaces{});
  }
  template <class... S>
  static list<S..., typename Line::value::space> joined(list<S...>) {
    return {};
  }
  using type = decltype(pick());
};
template <class Spaces, class... Lines>
struct spaces_of {
  using type = Spaces;
};
template <class Spaces, class L, class... Lines>
struct spaces_of<Spaces, L, Lines...> {
  using type = typename spaces_of<typename add_all<Spaces, typename line_spaces<L>::type>::type, Lines...>::type;
};

template <class B>
constexpr name key_of(name fallback) {
  if constexpr (requires { B::key; }) return B::key;
  else return fallback;
}

}  // namespace detail

template <class Extra>
struct loss_policies;
template <class Weight, class Mean>
struct loss_policies<list<Weight, Mean>> {
  static constexpr double weight = Weight::value;
  using mean = Mean;
};

inline constexpr int most_reads = 8;

// What the engine knows of a line, as numbers.
struct line_info {
  name id, key;
  line_kind kind = line_kind::input;
  int reads[most_reads]{};
  int n_reads = 0;
  int space = -1, width = 0, fills = -1, limit = 0;
  bool integral = false, bytes = false, learns = false, once = false;
  bool grad = false;  // a gradient of this value is wanted in training
  coupling couples = coupling::none;
};

namespace detail {

template <class Lines, name... Ns>
constexpr void read_lines(line_info& f, of<Ns...>) {
  static_assert(sizeof...(Ns) <= most_reads, "relreason::model: an equation reads at most eight values");
  ((f.reads[f.n_reads++] = find_line<Ns>(Lines{})), ...);
}

template <class L, class Lines, class Spaces>
constexpr void describe_line(line_info& f, const line_info* all) {
  f.id = L::id;
  f.key = key_of<typename L::bound>(L::id);
  f.kind = L::kind;
  read_lines<Lines>(f, typename L::reads{});
  f.learns = L::bound::learns && L::kind == line_kind::let;
  f.couples = L::bound::couples;
  if constexpr (L::kind != line_kind::minimize && L::kind != line_kind::output) {
    f.space = index_of<typename L::value::space>(Spaces{});
    f.width = L::value::width;
    f.integral = L::value::integral;
    f.bytes = L::value::bytes;
    f.limit = L::value::what::limit;
    f.once = is_once<typename L::value::space>;
    if constexpr (!std::is_void_v<typename L::bound::fills>) f.fills = index_of<typename L::bound::fills>(Spaces{});
  }
  bool reads_grad = false;
  f.once = f.once || f.kind == line_kind::minimize;  // a loss of nothing but once values is computed once
  for (int r = 0; r < f.n_reads; ++r) {
    reads_grad = reads_grad || (f.reads[r] >= 0 && all[f.reads[r]].grad);
    if (f.kind == line_kind::minimize && f.reads[r] >= 0) f.once = f.once && all[f.reads[r]].once;
  }
  f.grad = (f.kind == line_kind::let && (f.learns || reads_grad)) || (f.kind == line_kind::minimize && reads_grad);
}

template <class Spaces, class... Lines>
constexpr std::array<line_info, sizeof...(Lines)> describe_lines() {
  std::array<line_info, sizeof...(Lines)> table{};
  std::size_t i = 0;
  ((describe_line<Lines, list<Lines...>, Spaces>(table[i], table.data()), ++i), ...);
  return table;
}

// Which lines the wanted ones need, counting themselves.
template <std::size_t N>
constexpr std::array<bool, N> needed_lines(const std::array<line_info, N>& table, std::array<bool, N> wanted) {
  for (std::size_t i = N; i-- > 0;)
    if (wanted[i])
      for (int r = 0; r < table[i].n_reads; ++r)
        if (table[i].reads[r] >= 0) wanted[static_cast<std::size_t>(table[i].reads[r])] = true;
  // a line that reads on a filled space needs the line that fills it
  for (std::size_t i = 0; i < N; ++i)
    if (!wanted[i] && table[i].fills >= 0)
      for (std::size_t j = 0; j < N; ++j)
        if (wanted[j] && table[j].space == table[i].fills) {
          wanted[i] = true;
          return needed_lines(table, wanted);
        }
  return wanted;
}

// Every line must lead to a loss or an output; a model without either ends in its result.
template <std::size_t N>
constexpr std::array<bool, N> used_lines(const std::array<line_info, N>& table) {
  std::array<bool, N> wanted{};
  bool ends = false;
  for (std::size_t i = 0; i < N; ++i)
    if (table[i].kind == line_kind::minimize || table[i].kind == line_kind::output) ends = wanted[i] = true;
  if (!ends) wanted[N - 1] = true;
  return needed_lines(table, wanted);
}

template <name Name, bool Used>
struct line_is_used {
  static_assert(Used, "relreason::model: a line is read by no loss and no output; remove it, or name it in output<...>");
  static constexpr bool value = true;
};
template <class Loss, bool Learns>
struct loss_learns {
  static_assert(Learns, "relreason::minimize: the loss depends on inputs and frozen lines only, so nothing can be learned from it");
  static constexpr bool value = true;
};
template <class Spaces, class... Lines>
struct check_lines {
  static constexpr auto table = describe_lines<Spaces, Lines...>();
  static constexpr auto used = used_lines(table);
  template <std::size_t... I>
  static constexpr bool run(std::index_sequence<I...>) {
    return (line_is_used<Lines::id, used[I]>::value && ...) &&
           (loss_learns<typename Lines::bound, (table[I].kind != line_kind::minimize || table[I].grad)>::value && ...);
  }
  static constexpr bool value = run(std::make_index_sequence<sizeof...(Lines)>{});
};

}  // namespace detail

template <class... Lines>
struct model_of {
  using lines = list<Lines...>;
  using spaces = typename detail::spaces_of<list<>, Lines...>::type;
  static constexpr int n = sizeof...(Lines);
  static constexpr int n_spaces = spaces::size;
  static constexpr std::array<line_info, sizeof...(Lines)> info = detail::describe_lines<spaces, Lines...>();
  using by_number = detail::number_all<std::make_integer_sequence<int, n>, Lines...>;
  template <int I>
  using line_at = typename decltype(by_number::find(std::integral_constant<int, I>{}))::type;
  template <name N>
  static constexpr int find() {
    return detail::find_line<N>(lines{});
  }
  template <class S>
  static constexpr int space() {
    return index_of<S>(spaces{});
  }
};

namespace detail {
template <class Lines>
struct to_model;
template <class... Lines>
struct to_model<list<Lines...>> {
  static_assert(sizeof...(Lines) > 0, "relreason::model: a model needs at least one line");
  static_assert(check_lines<typename spaces_of<list<>, Lines...>::type, Lines...>::value);
  using type = model_of<Lines...>;
};
}  // namespace detail

template <class... Stated>
using model = typename detail::to_model<typename detail::resolve<list<Stated...>, list<>, Stated...>::type>::type;

}  // namespace relreason
