// tests/fuzz/fuzz_tokenizer.cpp -- any text has tokens that hold all its letters, and a dictionary of them finds each again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "relreason/data/clevr_text.hpp"

namespace {

namespace clevr = relreason::clevr;

void must(bool holds) {
  if (!holds) std::abort();
}

void check(const clevr::question& q, clevr::tokenization how) {
  std::size_t letters = 0, kept = 0;
  for (const char c : q.text) letters += how == clevr::tokenization::iep ? c != ' ' && c != '?' && c != '.' : !(c == ' ' || (c >= '\t' && c <= '\r'));
  const auto tokens = clevr::tokenize(q.text, how);
  for (const std::string& token : tokens) {
    kept += token.size();
    must(how == clevr::tokenization::iep || !token.empty());
  }
  must(kept == letters);
  try {
    const auto words = clevr::dictionary::scan(std::vector{q}, how);
    const auto indices = words.encode(q);
    const std::size_t first = how == clevr::tokenization::iep;
    must(indices.size() == tokens.size() + 2 * first);
    for (std::size_t i = 0; i < tokens.size(); ++i) must(words.words()[static_cast<std::size_t>(indices[first + i]) - 1] == tokens[i]);
  } catch (const relreason::error& e) {  // an iep text may hold <START> itself
    must(how == clevr::tokenization::iep && std::string_view(e.what()).find("clevr::dictionary") == 0);
  }
  try {
    for (const int index : clevr::dictionary::closed().encode(q)) must(index >= 1 && index <= 82);
  } catch (const relreason::error& e) {
    must(std::string_view(e.what()).find("clevr::dictionary::encode: question") == 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  clevr::question q;
  q.text.assign(reinterpret_cast<const char*>(data), size);
  for (const auto how : {clevr::tokenization::punctuation, clevr::tokenization::words, clevr::tokenization::iep}) check(q, how);
  return 0;
}
