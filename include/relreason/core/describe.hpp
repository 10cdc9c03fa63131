// relreason/core/describe.hpp -- a model in words: a table of its lines, and a drawing for Graphviz.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "relreason/core/engine.hpp"
#include "relreason/core/parameters.hpp"

namespace relreason {

// One line of the table. FLOPs and bytes are per sample, forward, with the given numbers of entries.
struct line_text {
  std::string name, operation, space, kind;
  int width = 0;
  std::size_t parameters = 0;
  double flops = 0, bytes = 0;
  std::vector<std::string> reads;
};

// Per line what it is, at `typical` entries per parent (samples is ignored: one sample).
template <class M>
std::vector<line_text> describe_lines_of(const limits<M>& typical) {
  using engine = typename detail::engine_for<M, float, true, typename detail::wanted_flags<M, true>::type>::type;
  using detail::at;
  std::vector<line_text> out;
  context<float, typename M::spaces> ctx;
  capacity_extents(typical, 1, ctx.extents);
  std::size_t unnamed = 0;
  engine::each_line([&]<int I>() {
    constexpr line_info f = M::info[at(I)];
    using line = typename M::template line_at<I>;
    line_text t;
    t.name = f.id.text[0] ? std::string(f.id.view()) : f.kind == line_kind::minimize ? "loss " + std::to_string(++unnamed) : "output";
    t.operation = f.kind == line_kind::input ? "input" : f.kind == line_kind::output ? "output" : line::bound::text();
    if (f.kind == line_kind::frozen) t.operation += ", frozen";
    if (f.key != f.id && f.key.text[0]) t.operation += ", shares " + std::string(f.key.view());
    t.kind = f.kind == line_kind::input ? "input" : f.kind == line_kind::minimize ? "loss" : f.kind == line_kind::output ? "output" : "value";
    if (f.space >= 0) {
      t.space = space_names_of_model<M>[at(f.space)];
      t.width = f.width;
      t.bytes = static_cast<double>(ctx.extents[f.space].rows) * f.width * 4;
    }
    for (const std::size_t e : parameters<M, float>::table().line_entries[at(I)]) t.parameters += parameters<M, float>::table().entries[e].count;
    t.flops = line::bound::flops(ctx);
    for (int r = 0; r < f.n_reads; ++r) t.reads.emplace_back(M::info[at(f.reads[r])].id.view());
    out.push_back(std::move(t));
  });
  return out;
}

// Text table: name, operation, space, width, parameters, FLOPs and bytes per sample.
template <class M>
std::string describe(const limits<M>& typical) {
  const auto lines = describe_lines_of<M>(typical);
  std::size_t name = 4, operation = 9, space = 5;
  for (const auto& l : lines) {
    name = std::max(name, l.name.size());
    operation = std::max(operation, l.operation.size());
    space = std::max(space, l.space.size());
  }
  const auto pad = [](std::string s, std::size_t n) {
    s.resize(std::max(n, s.size()), ' ');
    return s;
  };
  const auto number = [](double v) {
    char text[32];
    std::snprintf(text, sizeof text, "%12.0f", v);
    return std::string(text);
  };
  std::string out = pad("name", name) + "  " + pad("operation", operation) + "  " + pad("space", space) +
                    "  width    parameters         FLOPs         bytes  reads\n";
  line_text sum;
  for (const auto& l : lines) {
    out += pad(l.name, name) + "  " + pad(l.operation, operation) + "  " + pad(l.space, space) + "  " +
           (l.width ? number(l.width).substr(7) : "     ") + "  " + number(static_cast<double>(l.parameters)) + "  " + number(l.flops) + "  " +
           number(l.bytes) + "  ";
    for (std::size_t r = 0; r < l.reads.size(); ++r) out += (r ? ", " : "") + l.reads[r];
    while (out.back() == ' ') out.pop_back();
    out += "\n";
    sum.flops += l.flops;
    sum.bytes += l.bytes;
  }
  out += pad("total", name + operation + space + 11) + "  " + number(static_cast<double>(parameters<M, float>::count())) + "  " + number(sum.flops) +
         "  " + number(sum.bytes) + "\n";
  return out;
}

// Graphviz: dot -Tsvg.
template <class M>
std::string describe_dot(const limits<M>& typical) {
  std::string out = "digraph model {\n  rankdir=TB;\n  node [shape=box, fontname=\"sans-serif\"];\n";
  for (const auto& l : describe_lines_of<M>(typical)) {
    const char* shape = l.kind == "input" ? "ellipse" : l.kind == "loss" ? "octagon" : "box";
    out += "  \"" + l.name + "\" [shape=" + shape + ", label=\"" + l.name + "\\n" + l.operation +
           (l.width ? "\\n" + l.space + " x " + std::to_string(l.width) : "") + "\"];\n";
    for (const auto& r : l.reads) out += "  \"" + r + "\" -> \"" + l.name + "\";\n";
  }
  return out + "}\n";
}

}  // namespace relreason
