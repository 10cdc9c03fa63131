// tests/support/markup.hpp -- a strict reader of tags: each is closed by its own name, attributes are quoted and not given twice.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

struct page_element {
  std::string name, text;  // text: what stands in it before its first child
  std::map<std::string, std::string> attributes;
  std::vector<std::string> ancestors;  // outermost first

  double number(const std::string& attribute) const { return std::stod(attributes.at(attribute)); }
  bool is(const std::string& wanted) const { return attributes.count("class") && attributes.at("class") == wanted; }
};

namespace markup_detail {

inline void check_text(std::string_view text) {
  for (auto at = text.find('&'); at != text.npos; at = text.find('&', at + 1)) {
    const auto end = text.find(';', at);
    const auto name = end == text.npos ? std::string_view() : text.substr(at + 1, end - at - 1);
    if (name != "lt" && name != "gt" && name != "amp" && name != "quot" && name != "#39")
      throw std::runtime_error("a bare & at \"" + std::string(text.substr(at, 20)) + "\"");
  }
}

inline bool is_void(const std::string& name) { return name == "meta"; }

inline page_element element_of(std::string_view tag) {
  page_element e;
  const auto name = tag.substr(0, tag.find_first_of(" \n"));
  e.name = name;
  tag.remove_prefix(name.size());
  while (!tag.empty() && (tag[0] == ' ' || tag[0] == '\n')) {
    tag.remove_prefix(1);
    const auto end = tag.find_first_of(" =\n");
    const std::string key(tag.substr(0, end));
    std::string value;
    tag.remove_prefix(key.size());
    if (!tag.empty() && tag[0] == '=') {
      if (tag.size() < 2 || tag[1] != '"') throw std::runtime_error("attribute " + key + " is not quoted");
      const auto close = tag.find('"', 2);
      if (close == tag.npos) throw std::runtime_error("attribute " + key + " is not closed");
      value = tag.substr(2, close - 2);
      tag.remove_prefix(close + 1);
    }
    if (key.empty() || value.find('<') != value.npos) throw std::runtime_error("attribute " + key + " = " + value);
    check_text(value);
    if (!e.attributes.emplace(key, value).second) throw std::runtime_error("attribute " + key + " stands there twice");
  }
  if (!tag.empty()) throw std::runtime_error("tag " + e.name + " ends with \"" + std::string(tag) + "\"");
  return e;
}

}  // namespace markup_detail

// All elements in order. The content of script and style is taken as it is; anything that is not well-formed throws.
inline std::vector<page_element> elements_of(std::string_view page) {
  using namespace markup_detail;
  std::vector<page_element> out;
  std::vector<std::string> open;
  if (page.substr(0, 15) == "<!doctype html>") page.remove_prefix(15);
  while (!page.empty()) {
    const auto start = page.find('<');
    const auto text = page.substr(0, start);
    check_text(text);
    if (text.find('>') != text.npos) throw std::runtime_error("a bare > in " + std::string(text.substr(0, 60)));
    if (!out.empty() && !open.empty() && out.back().text.empty()) out.back().text = text;
    if (start == page.npos) break;
    auto end = start + 1;  // a > inside quotes is part of the attribute
    for (bool quoted = false; end < page.size() && (quoted || page[end] != '>'); ++end) quoted ^= page[end] == '"';
    if (end == page.size()) throw std::runtime_error("a tag is not closed");
    std::string_view tag = page.substr(start + 1, end - start - 1);
    page.remove_prefix(end + 1);
    if (tag.substr(0, 1) == "/") {
      if (open.empty() || open.back() != tag.substr(1)) throw std::runtime_error("</" + std::string(tag.substr(1)) + "> closes nothing");
      open.pop_back();
      continue;
    }
    const bool closed = tag.substr(tag.size() - 1) == "/";
    if (closed) tag.remove_suffix(1);
    page_element e = element_of(tag);
    e.ancestors = open;
    if (!closed && !is_void(e.name)) open.push_back(e.name);
    if (!closed && (e.name == "script" || e.name == "style")) {
      const auto stop = page.find("</" + e.name + ">");
      if (stop == page.npos) throw std::runtime_error(e.name + " is not closed");
      e.text = page.substr(0, stop);
      page.remove_prefix(stop);
    }
    out.push_back(std::move(e));
  }
  if (!open.empty()) throw std::runtime_error("<" + open.back() + "> is not closed");
  return out;
}

inline std::vector<page_element> all_of(const std::vector<page_element>& from, const std::string& name, const std::string& with_class = "") {
  std::vector<page_element> out;
  for (const auto& e : from)
    if (e.name == name && (with_class.empty() || e.is(with_class))) out.push_back(e);
  return out;
}
