// relreason/nn/embedding.hpp -- one learned row per id: y_i = E[id_i].    Parameter: weight (ids, width); row 0 is padding and learned too.
#pragma once

#include "relreason/core/operation.hpp"

namespace relreason {

template <int Width>
struct embedding {
  static_assert(Width > 0, "relreason::embedding: the width must be positive");
  static constexpr int width = Width;

  template <class Ids>
  struct bind : operation {
    static_assert(Ids::integral && !Ids::bytes, "relreason::embedding: it reads ids<words>, not numbers");
    using out = rows<typename Ids::space, Width>;
    static constexpr bool learns = true, on_device = true;
    static constexpr int n_parameters = 1;
    static void declare(declaration& d) { d.parameter("weight", {Ids::what::limit, Width}, {initializer::normal, 1.0}); }

    static std::string text() { return "embedding " + std::to_string(Width); }

    template <class T>
    struct tape {
      row_groups by_id;
    };
    template <class C>
    static void plan(C& ctx, tape<typename C::real>& t) {
      if (ctx.gradients) t.by_id = ctx.take_groups(ctx.template at<typename Ids::space>().rows, Ids::what::limit);
    }
    template <class C>
    static void lay_out(C& ctx, tape<typename C::real>& t, const arguments<typename C::real>& in) {
      if (ctx.gradients) ctx.group_by_input(t.by_id, in.index(0));
    }
    template <class C>
    static void forward(C& ctx, const slots<typename C::real>& s, tape<typename C::real>&, const arguments<typename C::real>& in,
                        typename C::real* y) {
      ctx.copy_rows(ctx.template at<typename Ids::space>().rows, Width, y, Width, s.parameter[0], Width, in.index(0));
    }
    template <class C>  // dE[id_i] += dy_i
    static void backward(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const arguments<typename C::real>&,
                         const typename C::real*, const typename C::real* dy) {
      ctx.sum_groups(t.by_id, 0, t.by_id.rows, Width, dy, Width, s.dparameter[0], Width);
    }
  };
};

}  // namespace relreason
