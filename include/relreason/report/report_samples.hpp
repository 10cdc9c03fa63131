// relreason/report/report_samples.hpp -- questions about scenes as cards: the scene, what was asked and answered, the pairs that counted most.
// Wrong answers stand first; the page's script filters them.
#pragma once

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "relreason/report/report_data.hpp"
#include "relreason/report/report_numbers.hpp"
#include "relreason/report/report_picture.hpp"
#include "relreason/report/report_svg.hpp"
#include "relreason/report/report_text.hpp"

namespace relreason::report::detail {

inline constexpr std::size_t most_pairs = 3, most_answers = 4;

inline std::string pair_list_html(const sample& s) {
  if (s.pair_weights.empty() || s.scene.objects.empty()) return {};
  std::string out = "<div class=\"pair-list\"><div class=\"soft\">Pairs used most, against an equal share</div><ol>";
  const auto name = [&](int i) { return std::to_string(i + 1) + " " + words_of(s.scene.objects[static_cast<std::size_t>(i)]); };
  const auto pairs = pairs_of(s.pair_weights, static_cast<int>(s.scene.objects.size()));
  for (std::size_t k = 0; k < std::min(pairs.size(), most_pairs) && pairs[k].share > 0; ++k) {
    const auto& p = pairs[k];
    out += format("<li tabindex=\"0\" data-line=\"%d-%d\"><span>", p.a, p.b) + html(name(p.a)) +
           (p.a == p.b ? " <span class=\"soft\">itself</span>" : " <span class=\"soft\">with</span> " + html(name(p.b))) +
           "</span><span class=\"soft\" title=\"" + percent(p.share) + " of all pairs\">" + format("%.1f \xC3\x97", p.times_equal) + "</span></li>";
  }
  return out + "</ol></div>";
}

inline std::string sample_html(const sample& s, const std::string& color) {
  const bool right = s.answer == s.prediction;
  const std::string verdict = right ? "right" : "wrong";
  std::string out =
      "<article class=\"card sample\" data-verdict=\"" + verdict + "\" data-type=\"" + html(s.type) + "\">" +
      (s.picture.empty() ? scene_svg(s.scene, s.pair_weights) : picture_html(s.picture, "Picture " + std::to_string(s.scene.image_index))) +
      "<div class=\"body\"><div><div class=\"soft type\">" + html(s.type) + "</div><h3>" + html(s.question) +
      "</h3></div><div class=\"verdict\"><span class=\"tag " + verdict + "\">" + verdict + "</span>";
  if (right) out += "<span>Answer <b>" + html(s.answer) + "</b></span>";
  else out += "<span>Predicted <b>" + html(s.prediction) + "</b></span><span>True answer <b>" + html(s.answer) + "</b></span>";
  out += "</div><div class=\"top\">";
  for (std::size_t k = 0; k < std::min(s.probabilities.size(), most_answers); ++k) {
    const auto& [name, p] = s.probabilities[k];
    const double share = std::isfinite(p) ? std::clamp(p, 0., 1.) : 0;
    out += std::string("<span") + (name == s.answer ? " class=\"answer\"" : "") + ">" + html(name) + "</span>" + bar_html(share, color) + "<span>" +
           percent(share) + "</span>";
  }
  return out + "</div>" + pair_list_html(s) + "</div></article>\n";
}

inline std::string samples_html(const run& r, const std::string& color) {
  if (r.samples.empty()) return {};
  std::vector<const sample*> order;
  std::set<std::string> types;
  bool has_pairs = false, drawn = false;
  for (const auto& s : r.samples) {
    order.push_back(&s);
    types.insert(s.type);
    has_pairs |= !s.pair_weights.empty();
    drawn |= s.picture.empty();
  }
  std::stable_partition(order.begin(), order.end(), [](const sample* s) { return s->answer != s->prediction; });
  std::string out = R"(<div class="filters" hidden><button type="button" data-show="all" aria-pressed="true">All</button>)"
                    R"(<button type="button" data-show="wrong" aria-pressed="false">Wrong</button>)"
                    R"(<button type="button" data-show="right" aria-pressed="false">Right</button>)"
                    R"(<label><span class="unseen">Question type</span><select id="type"><option value="">All question types</option>)";
  for (const auto& t : types) out += "<option value=\"" + html(t) + "\">" + html(t) + "</option>";
  out += "</select></label>";
  if (has_pairs) out += R"(<button type="button" id="pairs" aria-pressed="true">Pairs</button>)";
  out += R"(<span id="shown" class="soft" aria-live="polite"></span></div><div class="samples">)";
  for (const sample* s : order) out += sample_html(*s, color);
  std::string note =
      std::string("Wrong answers first. ") + (drawn ? "Scenes are drawn from their descriptions." : "Pictures are those that the network was given.");
  if (has_pairs)
    note +=
        " A line joins two objects, a ring an object with itself: the size of that pair's part of the sum that the network answers from, both orders "
        "together. Faint: its equal share; full strength: three times that, or more.";
  return section_html("samples", "Questions about scenes", note, out + "</div>");
}

}  // namespace relreason::report::detail
