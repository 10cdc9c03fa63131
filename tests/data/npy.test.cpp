// tests/data/npy.test.cpp -- headers as NumPy writes them, by hand; damage; real files.
#include "relreason/data/npy.hpp"

#include <cstring>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support/message_of.hpp"
#include "support/shared_data.hpp"
#include "support/temporary_folder.hpp"

namespace npy = relreason::npy;

namespace {

using shape = std::vector<std::int64_t>;

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text.data(), text.size())); }

std::string version_1(const std::string& dict, const std::string& data = "") {
  const auto length = static_cast<std::uint16_t>(dict.size());
  std::string file("\x93NUMPY\x01\0\0\0", 10);
  std::memcpy(file.data() + 8, &length, 2);
  return file + dict + data;
}

std::string refusal(const std::string& file) {
  return message_of([&] { npy::parse(bytes_of(file), "bad.npy"); });
}

}  // namespace

TEST_CASE("npy: the bytes written are those of numpy.save", "[data][npy]") {
  // numpy 2.4: save of array([[1, 2, 3]], float32)
  const std::string dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }";
  const std::string expected = version_1(dict + std::string(117 - dict.size(), ' ') + "\n", std::string("\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40", 12));
  const temporary_folder folder;
  const float x[] = {1, 2, 3};
  npy::write(folder / "x.npy", x, {1, 3});
  CHECK(content_of(folder / "x.npy") == expected);
  CHECK(expected.size() == 128 + 12);
}

TEST_CASE("npy: every type and shape written is read back", "[data][npy]") {
  const temporary_folder folder;
  const auto check = [&](auto first, const shape& s, std::size_t count) {
    using T = decltype(first);
    std::vector<std::uint8_t> storage(count * sizeof(T));
    T* data = reinterpret_cast<T*>(storage.data());
    for (std::size_t i = 0; i < count; ++i) data[i] = static_cast<T>(i);
    npy::write(folder / "x.npy", data, s);
    const npy::file file = npy::open(folder / "x.npy");
    CHECK(file.shape() == s);
    CHECK(file.type() == relreason::element_of<T>());
    std::vector<std::uint8_t> back(storage.size());
    file.copy_to(reinterpret_cast<T*>(back.data()), count);
    CHECK(back == storage);
  };
  check(float{}, {2, 3}, 6);
  check(double{}, {4}, 4);
  check(std::int32_t{}, {}, 1);
  check(std::int64_t{}, {1, 2, 2}, 4);
  check(std::uint8_t{}, {5}, 5);
  check(bool{}, {2}, 2);
  check(float{}, {0, 7}, 0);
}

TEST_CASE("npy: version 2.0, any order of keys, both quotes and half precision are read", "[data][npy]") {
  const std::string dict = R"({"shape":(2,),'fortran_order':True,"descr":'<f2'})";
  const std::string file =
      std::string("\x93NUMPY\x02\0", 8) + static_cast<char>(dict.size()) + std::string(3, '\0') + dict + std::string("\0\x3c\0\xc0", 4);
  CHECK(npy::parse(bytes_of(file)).values<float>() == std::vector<float>{1, -2});
  CHECK(npy::parse(bytes_of(version_1("{'descr': '|b1', 'fortran_order': False, 'shape': (1,1,), }\n", "\x01"))).values<int>() ==
        std::vector<int>{1});
}

TEST_CASE("npy: damaged, foreign and hostile files are refused with place, found and wanted", "[data][npy]") {
  const auto with = [](const std::string& descr, const std::string& order, const std::string& axes, std::size_t data = 4) {
    return refusal(version_1("{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + axes + ", }\n", std::string(data, 'x')));
  };
  REQUIRE(with("'<f4'", "False", "(1,)").empty());
  REQUIRE(with("'<f4'", "False", "()").empty());
  struct bad {
    std::string message, expected;
  };
  const bad all[] = {
      {refusal(""), "byte 0: found no \"\\x93NUMPY\""},
      {refusal("PK\x03\x04 zip archive"), "an .npz file is a zip archive"},
      {refusal("\x93NUMPY"), "found 6 bytes, wanted at least 10"},
      {refusal(std::string("\x93NUMPY\x03\0\1\0\0\0{", 13)), "byte 6: found version 3.0, wanted 1.0 or 2.0"},
      {refusal(std::string("\x93NUMPY\x02\0\1\0\0", 11)), "found 11 bytes, wanted at least 12"},
      {refusal(std::string("\x93NUMPY\x01\0\x10\x27{", 11)), "byte 8: found a header of 10000 bytes, wanted at most 1"},
      {refusal(std::string("\x93NUMPY\x01\0\x11\x27{", 11)), "byte 8: found a header of 10001 bytes, wanted at most 10000"},
      {refusal(std::string("\x93NUMPY\x02\0\xff\xff\xff\xff{", 13)), "found a header of 4294967295 bytes"},
      {refusal(version_1("")), "found the end of the header, wanted '{'"},
      {refusal(version_1("{}")), "wanted descr in the header"},
      {refusal(version_1("{'descr': '<f4', 'shape': ()}", "abcd")), "wanted fortran_order in the header"},
      {refusal(version_1("{'descr': '<f4', 'descr': '<f4'}")), "byte 27: found key \"descr\" twice"},
      {refusal(version_1("{'x': 1}")), "byte 11: found key \"x\", wanted descr, fortran_order or shape"},
      {refusal(version_1("{'descr")), "found the end of the header"},
      {refusal(version_1("{'de\\x73cr': '<f4'}")), "wanted a string without escapes"},
      {refusal(version_1("{'descr': '<f4', 'fortran_order': False, 'shape': ()} + os.system('x')", "abcd")),
       "wanted only spaces after the header's '}'"},
      {with("'>f4'", "False", "(1,)"), "byte 20: found descr \">f4\", wanted one of |b1"},
      {with("'>f4'", "False", "(1,)"), "it is big-endian"},
      {with("'|O'", "False", "(1,)"), "pickled Python objects, which are never loaded"},
      {with("[('a', '<f4')]", "False", "(1,)"), "byte 20: found a structured array"},
      {with("'<c8'", "False", "(1,)", 8), "found descr \"<c8\""},
      {with("'<f4'", "False", "1"), "found \"1\", wanted '('"},
      {with("'<f4'", "False", "(1)"), "found \")\", wanted ','"},
      {with("'<f4'", "False", "(-1,)"), "found \"-\", wanted a whole number"},
      {with("'<f4'", "False", "(1 1)"), "found \"1\", wanted ','"},
      {with("'<f4'", "False", "(9223372036854775807, 4)"), "wanted fewer than 2^63 bytes"},
      {with("'<f4'", "False", "(99999999999999999999,)"), "found a number over"},
      {with("'<f4'", "None", "(1,)"), "found \"N\", wanted True or False"},
      {with("'<f4'", "True", "(1, 1)"), "found Fortran order for (1, 1), wanted C order; save numpy.ascontiguousarray(array)"},
      {with("'<f4'", "False", "(1,)", 3), "found 3 bytes of data, wanted 4 for <f4 (1,)"},
      {with("'<f4'", "False", "(1,)", 5), "found 5 bytes of data, wanted 4"},
      {with("'<f4'", "False", "(1000000000000,)"), "found 4 bytes of data, wanted 4000000000000"},
  };
  for (const bad& one : all) {
    INFO(one.expected << "  in  " << one.message);
    CHECK(contains(one.message, one.expected));
    CHECK(contains(one.message, "npy::parse: bad.npy: "));
  }
}

TEST_CASE("npy: reading asks for the right kind and count", "[data][npy]") {
  const std::string file = version_1("{'descr': '<i4', 'fortran_order': False, 'shape': (1,), }\n", std::string(4, '\0'));
  CHECK(contains(message_of([&] { npy::parse(bytes_of(file)).values<float>(); }), "found elements of type I32, wanted F16, BF16, F32 or F64"));
  int x[2];
  CHECK(contains(message_of([&] { npy::parse(bytes_of(file)).copy_to(x, 2); }), "found 1 elements (1,), wanted 2"));
}

TEST_CASE("npy: a header too long to be read back is not written", "[data][npy]") {
  const temporary_folder folder;
  const float x = 1;
  CHECK(contains(message_of([&] { npy::write(folder / "x.npy", &x, shape(5000, 1)); }), "found 5000 axes"));
  CHECK(contains(message_of([&] { npy::write(folder / "x.npy", &x, {-1}); }), "found shape (-1,)"));
}

TEST_CASE("npy: the released feature files have their shapes", "[data][npy]") {
  const auto folder = shared_data("clevr-rn-pretrained");
  if (!folder) return;
  CHECK(npy::open(*folder + "/conv_objects_original_fp_first.npy").shape() == shape{64, 26});
  const npy::file features = npy::open(*folder + "/ir_features_g2_max.npy");
  CHECK(features.shape() == shape{115, 256});
  CHECK(features.values<double>().size() == 115 * 256);
  // x of cell (0, 0) is -4, of cell (0, 7) is 4 (linspace(-4, 4, 8) along columns).
  const auto objects = npy::open(*folder + "/conv_objects_original_fp_first.npy").values<float>();
  CHECK(objects[24] == -4.0f);
  CHECK(objects[7 * 26 + 24] == 4.0f);
}
