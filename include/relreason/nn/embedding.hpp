// relreason/nn/embedding.hpp -- one learned row per id: y_i = E[id_i].    Parameter: weight (ids, width); row 0 is padding and learned too.
#pragma once

#include <cstring>

#include "relreason/backend/rows.hpp"
#include "relreason/core/operation.hpp"

namespace relreason {

template <int Width>
struct embedding {
  static_assert(Width > 0, "relreason::embedding: the width must be positive");
  static constexpr int width = Width;

  template <class Ids>
  struct bind : operation {
    static_assert(Ids::integral, "relreason::embedding: it reads ids<words>, not numbers");
    using out = rows<typename Ids::space, Width>;
    static constexpr bool learns = true;
    static constexpr int n_parameters = 1;
    static void declare(declaration& d) { d.parameter("weight", {Ids::what::limit, Width}, {initializer::normal, 1.0}); }

    static std::string text() { return "embedding " + std::to_string(Width); }

    template <class C, class Tape>
    static void forward(C& ctx, const slots<typename C::real>& s, Tape&, const arguments<typename C::real>& in, typename C::real* y) {
      const int n = ctx.template at<typename Ids::space>().rows;
      for (int i = 0; i < n; ++i)
        std::memcpy(y + extent_product(i, Width), s.parameter[0] + extent_product(in.index(0)[i], Width), Width * sizeof(*y));
    }
    template <class C, class Tape>  // dE[id_i] += dy_i
    static void backward(C& ctx, const slots<typename C::real>& s, Tape&, const arguments<typename C::real>& in, const typename C::real*,
                         const typename C::real* dy) {
      const int n = ctx.template at<typename Ids::space>().rows;
      for (int i = 0; i < n; ++i) rows_of::add(Width, s.dparameter[0] + extent_product(in.index(0)[i], Width), dy + extent_product(i, Width));
    }
  };
};

}  // namespace relreason
