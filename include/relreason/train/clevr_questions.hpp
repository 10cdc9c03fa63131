// relreason/train/clevr_questions.hpp -- CLEVR's scenes and questions as numbers: the door from records to batches.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "relreason/data/clevr_program.hpp"
#include "relreason/data/clevr_state.hpp"
#include "relreason/data/clevr_text.hpp"
#include "relreason/metric/accuracy.hpp"
#include "relreason/train/examples.hpp"

namespace relreason::clevr {

// Encodes scenes (Encoder: ordinal7 or rgb_one_hot) and questions; scene_of[q] is the scene of question q. Words and answers that the
// dictionary and the list lack are errors; a question without an answer gets label -1. Rows get zeros up to `width` where it is given.
// `from` is where scenes and questions came from, for the messages.
template <class Encoder>
scene_questions encode(const std::vector<scene>& scenes, const std::vector<question>& questions, const std::vector<int>& scene_of,
                       const dictionary& words, const answer_list& labels, int width = Encoder::width, const sources& from = {}) {
  if (width < Encoder::width) fail("clevr::encode: rows of ", width, " numbers; ", Encoder::name, " needs ", Encoder::width);
  if (constexpr int most = 65535; words.size() > most) fail("clevr::encode: a dictionary of ", words.size(), " words; wanted at most ", most);
  if (constexpr int most = 32767; labels.size() > most) fail("clevr::encode: ", labels.size(), " answers; wanted at most ", most);
  scene_questions out;
  out.object_width = width;
  std::vector<float> rows;
  for (const scene& s : scenes) {
    if (s.objects.size() > static_cast<std::size_t>(state_slots))
      fail("clevr::encode: ", in_file(from.scenes), "scene ", s.image_index, " has ", s.objects.size(), " objects; wanted at most ", state_slots,
           "; leave that scene out");
    rows.clear();
    for (const object& o : s.objects) {
      const auto row = Encoder::encode(o);
      for (const float v : row)
        if (!(v > -1e6f && v < 1e6f))
          fail("clevr::encode: ", in_file(from.scenes), "scene ", s.image_index, ": object ", &o - s.objects.data(), " is at ", v,
               "; wanted coordinates between -1e6 and 1e6; correct it or leave that scene out");
      rows.insert(rows.end(), row.begin(), row.end());
      rows.resize(rows.size() + static_cast<std::size_t>(width - Encoder::width));
    }
    out.add_scene(rows);
  }
  for (std::size_t q = 0; q < questions.size(); ++q) {
    const auto type = type_of(questions[q].program);
    out.add_question(scene_of[q], words.encode(questions[q], from.questions),
                     questions[q].answer.empty() ? -1 : labels.label(questions[q], from.questions), type ? static_cast<int>(*type) : -1);
  }
  return out;
}

// How answers are counted in reports: 28 answers in 6 classes, 5 question types.
inline metric::answer_scheme scheme_of(const answer_list& labels) {
  metric::answer_scheme s;
  s.answers = labels.names();
  for (const auto& name : s.answers) s.class_of.push_back(std::max(0, answer_class(name)));
  s.classes.assign(answer_classes.begin(), answer_classes.end());
  s.types.assign(question_type_names.begin(), question_type_names.end());
  return s;
}

}  // namespace relreason::clevr
