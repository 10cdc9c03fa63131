// tests/data/safetensors.test.cpp -- values and layouts by hand, every kind of damage, real files.
#include "relreason/data/safetensors.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support/message_of.hpp"
#include "support/shared_data.hpp"
#include "support/temporary_folder.hpp"

namespace st = relreason::safetensors;
using relreason::element;

namespace {

// A file with this header and so many bytes of data 0, 1, 2, ...
std::string with_header(const std::string& json, std::size_t data_bytes) {
  const std::uint64_t length = json.size();
  std::string file(8, '\0');
  std::memcpy(file.data(), &length, 8);
  file += json;
  for (std::size_t i = 0; i < data_bytes; ++i) file += static_cast<char>(i);
  return file;
}

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text.data(), text.size())); }

std::string refusal(const std::string& file) {
  return message_of([&] { st::parse(bytes_of(file), "bad.safetensors"); });
}

template <class T>
std::string raw(std::initializer_list<T> values) {
  std::string out(values.size() * sizeof(T), '\0');
  std::memcpy(out.data(), std::data(values), out.size());
  return out;
}

// One tensor "x" of one axis.
std::string one_tensor(const std::string& dtype, std::size_t count, const std::string& data) {
  return with_header(R"({"x":{"dtype":")" + dtype + R"(","shape":[)" + std::to_string(count) + R"(],"data_offsets":[0,)" +
                         std::to_string(data.size()) + "]}}",
                     0) +
         data;
}

template <class T>
std::vector<T> read_x(const std::string& file, std::size_t count) {
  std::vector<T> out(count);
  st::parse(bytes_of(file), "x.safetensors").copy_to("x", out.data(), count);
  return out;
}

}  // namespace

TEST_CASE("safetensors: a file written by hand gives its tensors, shapes, bytes and metadata", "[data][safetensors]") {
  const std::string text = with_header(R"( {"b" : {"shape":[2, 1],"dtype":"U8","data_offsets":[2,4]},"__metadata__":{"a":"1","b":""},)"
                                       R"("a":{"dtype":"I8","shape":[],"data_offsets":[0,1]}, "z":{"dtype":"BOOL","shape":[1],"data_offsets":[1,2]},)"
                                       R"("empty":{"dtype":"F32","shape":[3,0],"data_offsets":[4,4]} }   )",
                                       4);
  CHECK(contains(refusal(text), "byte 8: found \" \", wanted '{'"));
  const std::string good = with_header(text.substr(9, text.size() - 9 - 4), 4);
  const st::file file = st::parse(bytes_of(good));
  REQUIRE(file.tensors().size() == 4);
  CHECK(file.tensors()[0].name == "a");
  CHECK(file.tensors()[1].name == "b");
  CHECK(file.tensors()[2].name == "empty");
  CHECK(file.tensors()[3].name == "z");
  CHECK(file.at("b").shape == std::vector<std::int64_t>{2, 1});
  CHECK(file.at("b").type == element::u8);
  CHECK(file.at("b").place == 9);
  CHECK(file.at("a").count() == 1);
  CHECK(file.at("empty").count() == 0);
  CHECK(static_cast<int>(file.at("b").bytes[1]) == 3);
  CHECK(file.metadata().at("a") == "1");
  CHECK(file.metadata().at("b").empty());
  CHECK(file.find("c") == nullptr);
  CHECK(contains(message_of([&] { file.at("c"); }), "has no tensor \"c\"; it has 4: \"a\", \"b\""));
}

TEST_CASE("safetensors: names and metadata may hold every JSON escape and all of UTF-8", "[data][safetensors]") {
  const std::string json =
      R"({"__metadata__":{"\u0041\ud83d\ude00\n\/":"\"\\\b\f\r\t\u00e9\u20ac"},"é€😀":{"dtype":"U8","shape":[],"data_offsets":[0,1]}})";
  const std::string text = with_header(json, 1);
  const st::file file = st::parse(bytes_of(text));
  CHECK(file.find("é€😀"));
  CHECK(file.metadata().at("A😀\n/") == "\"\\\b\f\r\té€");
}

TEST_CASE("safetensors: floating-point types convert to float and double by value", "[data][safetensors]") {
  // binary16 by hand: 1, -2, largest 65504, smallest normal 2^-14, smallest subnormal 2^-24, -0, infinity.
  const std::string half = one_tensor("F16", 7, raw<std::uint16_t>({0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x8000, 0x7c00}));
  const std::vector<double> h = read_x<double>(half, 7);
  CHECK(h == std::vector<double>{1, -2, 65504, 0x1p-14, 0x1p-24, 0, std::numeric_limits<double>::infinity()});
  CHECK(std::signbit(h[5]));
  CHECK(std::isnan(read_x<float>(one_tensor("F16", 1, raw<std::uint16_t>({0x7e00})), 1)[0]));
  CHECK(read_x<float>(one_tensor("BF16", 3, raw<std::uint16_t>({0x3f80, 0xc049, 0x0001})), 3) == std::vector<float>{1, -3.140625f, 0x1p-133f});
  CHECK(read_x<double>(one_tensor("F32", 2, raw<float>({0.1f, -1e30f})), 2) == std::vector<double>{0.1f, -1e30f});
  CHECK(read_x<float>(one_tensor("F64", 2, raw<double>({0.1, 1e-300})), 2) == std::vector<float>{0.1f, 0.0f});
  CHECK(std::isinf(read_x<float>(one_tensor("F64", 1, raw<double>({std::numeric_limits<double>::infinity()})), 1)[0]));
}

TEST_CASE("safetensors: a value that the asked-for type cannot hold is refused, never changed", "[data][safetensors]") {
  CHECK(contains(message_of([] { read_x<float>(one_tensor("F64", 2, raw<double>({1, 1e300})), 2); }), "element 1 is 1e+300, which does not fit F32"));
  CHECK(read_x<std::int32_t>(one_tensor("I64", 2, raw<std::int64_t>({-2147483648LL, 2147483647})), 2) ==
        std::vector<std::int32_t>{INT32_MIN, INT32_MAX});
  CHECK(contains(message_of([] { read_x<std::int32_t>(one_tensor("I64", 1, raw<std::int64_t>({2147483648LL})), 1); }),
                 "element 0 is 2147483648, which does not fit I32"));
  CHECK(contains(message_of([] { read_x<std::int32_t>(one_tensor("I64", 1, raw<std::int64_t>({-2147483649LL})), 1); }), "does not fit I32"));
  CHECK(contains(message_of([] { read_x<std::uint8_t>(one_tensor("I8", 1, raw<std::int8_t>({-1})), 1); }), "element 0 is -1, which does not fit U8"));
  CHECK(contains(message_of([] { read_x<std::int64_t>(one_tensor("U64", 1, raw<std::uint64_t>({UINT64_MAX})), 1); }), "does not fit I64"));
  CHECK(read_x<std::uint64_t>(one_tensor("U64", 1, raw<std::uint64_t>({UINT64_MAX})), 1)[0] == UINT64_MAX);
  CHECK(read_x<std::int64_t>(one_tensor("I16", 1, raw<std::int16_t>({-32768})), 1)[0] == -32768);
  CHECK(contains(message_of([] {
                   bool b;
                   st::parse(bytes_of(one_tensor("BOOL", 1, "\x02"))).copy_to("x", &b, 1);
                 }),
                 "element 0 is 2, which does not fit BOOL"));
  CHECK(contains(message_of([] { read_x<float>(one_tensor("I32", 1, raw<std::int32_t>({1})), 1); }),
                 "found elements of type I32, wanted F16, BF16, F32 or F64"));
  CHECK(contains(message_of([] { read_x<int>(one_tensor("F32", 1, raw<float>({1})), 1); }), "found elements of type F32, wanted integers or BOOL"));
  CHECK(contains(message_of([] { read_x<float>(one_tensor("F32", 1, raw<float>({1})), 2); }), "found 1 elements (1,), wanted 2"));
  CHECK(contains(message_of([] { read_x<float>(one_tensor("F8_E4M3", 1, "a"), 1); }), "found elements of type F8_E4M3"));
}

TEST_CASE("safetensors: damaged and hostile files are refused with file, place, found and wanted", "[data][safetensors]") {
  const auto with = [](const std::string& json, std::size_t data = 4) { return refusal(with_header(json, data)); };
  const auto tensor = [](const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return R"({"x":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
  };
  struct bad {
    std::string message, expected;
  };
  const std::string good = R"("x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  REQUIRE(with("{" + good + "}").empty());
  const bad all[] = {
      {refusal(""), "found 0 bytes, wanted at least the 8"},
      {refusal("1234567"), "found 7 bytes, wanted at least the 8"},
      {refusal(std::string(8, '\0')), "byte 8: found the end of the header, wanted '{'"},
      {refusal(std::string("\xe8\x03\0\0\0\0\0\0{}", 10)), "byte 0: found a header of 1000 bytes, wanted at most the 2 that follow"},
      {refusal(std::string(8, '\xff') + "{}"), "byte 0: found a header of 18446744073709551615 bytes, wanted at most 100000000"},
      {with("[]", 0), "byte 8: found \"[\", wanted '{'"},
      {with("{", 0), "byte 9: found the end of the header, wanted a string"},
      {with("{\"x", 0), "byte 9: found a string without its closing '\"'"},
      {with("{}x", 0), "byte 10: found \"x\", wanted only spaces"},
      {with("{" + good + ",}"), "wanted a string"},
      {with("{" + good + " " + good + "}"), "wanted ',' or '}'"},
      {with("{" + good + "}", 3), "data_offsets that end at 4, wanted at most the 3 bytes"},
      {with("{" + good + "}", 5), "found 5 bytes after the header, wanted the 4"},
      {with("{" + good + "," + good + "}"), "start at 0, over the tensor before it"},
      {with(R"({"x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}})", 0),
       "byte 62: found tensor \"x\" twice, wanted it once"},
      {with(R"({"\u0078":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}})", 0),
       "tensor \"x\" twice"},
      {with(R"({"__metadata__":{"a":"1","a":"2"}})", 0), "byte 33: found \"a\" twice in __metadata__"},
      {with(R"({"__metadata__":{},"__metadata__":{}})", 0), "found \"__metadata__\" twice"},
      {with(R"({"__metadata__":{"a":1}})", 0), "byte 29: found \"1\", wanted a string"},
      {with(R"({"__metadata__":{"a":{"b":"c"}}})", 0), "found \"{\", wanted a string"},
      {with(R"({"__metadata__":null})", 0), "found \"n\", wanted '{'"},
      {with(R"({"x":[]})", 0), "found \"[\", wanted '{'"},
      {with(R"({"x":{}})", 0), "found tensor \"x\" without dtype, wanted all three keys"},
      {with(R"({"x":{"dtype":"F32","shape":[1]}})"), "without data_offsets"},
      {with(R"({"x":{"dtype":"F32","data_offsets":[0,4]}})"), "without shape"},
      {with(R"({"x":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}})"), "found \"dtype\" twice"},
      {with(R"({"x":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}})"), "found \"shape\" twice"},
      {with(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"data_offsets":[0,4]}})"), "found \"data_offsets\" twice"},
      {with(R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"extra":"1"}})"), "found key \"extra\" in tensor \"x\""},
      {with(tensor("\"F33\"", "[1]", "[0,4]")), "byte 22: found dtype \"F33\", wanted one of BOOL, U8"},
      {with(tensor("32", "[1]", "[0,4]")), "found \"3\", wanted a string"},
      {with(tensor("\"F32\"", "1", "[0,4]")), "found \"1\", wanted '['"},
      {with(tensor("\"F32\"", "[[1]]", "[0,4]")), "found \"[\", wanted a whole number"},
      {with(tensor("\"F32\"", "[-1]", "[0,4]")), "found \"-\", wanted a whole number"},
      {with(tensor("\"F32\"", "[1.0]", "[0,4]")), "found \".\", wanted ',' or ']'"},
      {with(tensor("\"F32\"", "[1e0]", "[0,4]")), "found \"e\", wanted ',' or ']'"},
      {with(tensor("\"F32\"", "[01]", "[0,4]")), "found a number with a leading 0"},
      {with(tensor("\"F32\"", "[1,]", "[0,4]")), "found \"]\", wanted a whole number"},
      {with(tensor("\"F32\"", "[9223372036854775808]", "[0,4]")), "found a number over 9223372036854775807"},
      {with(tensor("\"F32\"", "[9223372036854775807]", "[0,4]")), "wanted one of fewer than 2^63 bytes"},
      {with(tensor("\"F32\"", "[4294967296,4294967296]", "[0,0]"), 0), "found shape (4294967296, 4294967296), wanted one of fewer"},
      {with(tensor("\"F32\"", "[4294967296,4294967296,0]", "[0,0]"), 0), "wanted one of fewer than 2^63 bytes"},
      {with(tensor("\"F32\"", "[2]", "[0,4]")), "found data_offsets [0, 4], wanted a length of 8 bytes for F32 (2,)"},
      {with(tensor("\"F32\"", "[1]", "[4,0]")), "found data_offsets [4, 0], wanted a length of 4"},
      {with(tensor("\"F32\"", "[1]", "[4,8]"), 8), "start at 4, after a hole, wanted 0"},
      {with(tensor("\"F32\"", "[1]", "[0]")), "found 1 data_offsets"},
      {with(tensor("\"F32\"", "[1]", "[0,4,4]")), "found 3 data_offsets"},
      {with("{\"a\\x\":1}", 0), "byte 12: found \"x\", wanted one of \""},
      {with("{\"\\u12g4\":1}", 0), "wanted four hexadecimal digits"},
      {with("{\"\\ud800\":1}", 0), "byte 10: found the first half of a surrogate pair alone"},
      {with("{\"\\ud800\\u0041\":1}", 0), "found the first half of a surrogate pair alone"},
      {with("{\"\\udc00\":1}", 0), "found the second half of a surrogate pair alone"},
      {with("{\"a\nb\":1}", 0), "byte 11: found \"\\x0a\", wanted a character"},
      {with("{\"\xff\":1}", 0), "byte 9: found a string that is not UTF-8"},
      {with("{\xff", 0), "byte 9: found \"\\xff\", wanted a string"},
      {with("{\"\xc0\x80\":1}", 0), "not UTF-8"},
      {with("{\"\xed\xa0\x80\":1}", 0), "not UTF-8"},
      {with("{\"\xf4\x90\x80\x80\":1}", 0), "not UTF-8"},
      {with("{\"\xe2\x82\":1}", 0), "not UTF-8"},
  };
  for (const bad& one : all) {
    INFO(one.expected << "  in  " << one.message);
    CHECK(contains(one.message, one.expected));
    CHECK(contains(one.message, "safetensors::parse: bad.safetensors: "));
  }
  const std::string deep = refusal(with_header("{\"x\":" + std::string(1'000'000, '{'), 0));
  CHECK(contains(deep, "byte 14: found \"{\", wanted a string"));
}

TEST_CASE("safetensors: a file cut at any byte is refused", "[data][safetensors]") {
  const std::vector<float> values{1, 2, 3};
  st::writer out;
  out.add("a", values.data(), {3}).metadata("k", "v");
  const auto whole = out.bytes();
  CHECK(st::parse(whole).tensors().size() == 1);
  for (std::size_t n = 0; n < whole.size(); ++n) {
    INFO(n << " bytes of " << whole.size());
    CHECK_FALSE(message_of([&] { st::parse(std::span(whole).first(n)); }).empty());
  }
}

TEST_CASE("safetensors: the writer's bytes are those of the Python package", "[data][safetensors]") {
  // Printed by safetensors 0.8.0: save({"b": arange(3, float32), "a": zeros((2, 0), int64), "é\n": array(5, uint8)}, {"k": 'v\x01"é'})
  const std::string json =
      "{\"__metadata__\":{\"k\":\"v\\u0001\\\"é\"},\"a\":{\"dtype\":\"I64\",\"shape\":[2,0],\"data_offsets\":[0,0]},"
      "\"b\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]},\"é\\n\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[12,13]}}";
  const float b[] = {0, 1, 2};
  const std::uint8_t u = 5;
  const std::int64_t* none = nullptr;
  st::writer out;
  out.add("é\n", &u, {}).add("b", b, {3}).add("a", none, {2, 0}).metadata("k", "v\x01\"é");
  const std::string padded = json + std::string((8 - json.size() % 8) % 8, ' ');
  const std::string expected = with_header(padded, 0) + raw<float>({0, 1, 2}) + '\x05';
  const auto bytes = out.bytes();
  CHECK(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()) == expected);
  const temporary_folder folder;
  out.write(folder / "x.safetensors");
  CHECK(content_of(folder / "x.safetensors") == expected);
}

TEST_CASE("safetensors: what is written is read back, through a file and through memory", "[data][safetensors]") {
  const std::vector<double> d{0.1, -std::numeric_limits<double>::infinity()};
  const std::int32_t i[] = {INT32_MIN, 7};
  const bool flags[] = {true, false, true};
  const std::uint16_t bf16[] = {0x3f80};
  st::writer out;
  out.add("d", d.data(), {2}).add("i", i, {1, 2}).add("flags", flags, {3}).add("w", element::bf16, {1}, std::as_bytes(std::span(bf16)));
  const temporary_folder folder;
  out.write(folder / "x.safetensors");
  st::file moved = st::open(folder / "x.safetensors");
  const st::file file = std::move(moved);
  std::vector<double> d2(2);
  std::int32_t i2[2];
  bool flags2[3];
  float w = 0;
  file.copy_to("d", d2.data(), 2);
  file.copy_to("i", i2, 2);
  file.copy_to("flags", flags2, 3);
  file.copy_to("w", &w, 1);
  CHECK(d2 == d);
  CHECK((i2[0] == INT32_MIN && i2[1] == 7));
  CHECK((flags2[0] && !flags2[1] && flags2[2]));
  CHECK(w == 1.0f);
  CHECK(file.at("i").shape == std::vector<std::int64_t>{1, 2});
  CHECK(st::parse(out.bytes()).tensors().size() == 4);
  CHECK(st::parse(st::writer().bytes()).tensors().empty());
}

TEST_CASE("safetensors: the writer refuses what could not be read back", "[data][safetensors]") {
  const float x[] = {1, 2};
  st::writer out;
  CHECK(contains(message_of([&] { out.add("__metadata__", x, {2}); }), "this name is the format's own"));
  CHECK(contains(message_of([&] { out.add("a\xff", x, {2}); }), "its name is not UTF-8"));
  CHECK(contains(message_of([&] { out.add("a", x, {-1}); }), "found shape (-1,), wanted extents of 0 or more"));
  CHECK(contains(message_of([&] { out.add("a", element::f32, {3}, std::as_bytes(std::span(x))); }), "found 8 bytes, wanted 12 for F32 (3,)"));
  CHECK(contains(message_of([&] { out.metadata("k", "\xc3"); }), "metadata \"k\" is not UTF-8"));
  out.add("a", x, {2}).add("a", x, {1});
  CHECK(contains(message_of([&] { out.bytes(); }), "found tensor \"a\" twice"));
}

TEST_CASE("safetensors: what is no regular file is refused and never waited for", "[data][safetensors]") {
  const temporary_folder folder;
  CHECK(contains(message_of([&] { st::open(folder / "none"); }), "safetensors::open: cannot open " + folder.path));
  CHECK(contains(message_of([&] { st::open(folder.path); }), "to be a folder, wanted a regular file"));
  CHECK(contains(message_of([&] { st::open("/dev/zero"); }), "to be a pipe or device, wanted a regular file"));
  const std::string pipe = folder / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(contains(message_of([&] { st::open(pipe); }), "to be a pipe or device"));
  put_content(folder / "empty", "");
  CHECK(contains(message_of([&] { st::open(folder / "empty"); }), "found 0 bytes"));
}

TEST_CASE("safetensors: files of other writers give their published values", "[data][safetensors]") {
  const auto folder = shared_data("safetensors");
  if (!folder) return;
  CHECK(contains(message_of([&] { st::open(*folder + "/invalid_abuse_attempt_1.safetensors"); }),
                 "byte 0: found a header of 1000 bytes, wanted at most the 80"));
  std::int32_t i[3];
  st::open(*folder + "/tensor-1d-int32.safetensors").copy_to("embedding", i, 3);
  CHECK((i[0] == 1 && i[1] == 2 && i[2] == 3));
  std::vector<float> f(6);
  st::open(*folder + "/tensor-2d-float64.safetensors").copy_to("embedding", f.data(), 6);
  CHECK(f == std::vector<float>{1, 2, 3, 24, 25, 26});
  CHECK(st::open(*folder + "/tensor-3d-float32.safetensors").at("embedding").shape == std::vector<std::int64_t>{2, 2, 3});
  CHECK(st::open(*folder + "/tensor-4d-float32.safetensors").at("embedding").shape == std::vector<std::int64_t>{2, 3, 1, 3});
  const st::file model = st::open(*folder + "/syoyo_model.safetensors");
  CHECK(model.at("weight1").shape == std::vector<std::int64_t>{8, 8});
  CHECK(model.at("weight2").count() == 256);
}

TEST_CASE("safetensors: the released RN checkpoints list 43 tensors each", "[data][safetensors]") {
  for (const char* name : {"original_fp_epoch_493", "ir_fp_epoch_312"}) {
    const auto path = shared_data(std::string("clevr-rn-pretrained/") + name + ".safetensors");
    if (!path) return;
    const st::file file = st::open(*path);
    REQUIRE(file.tensors().size() == 43);
    std::map<element, int> types;
    for (const st::tensor& t : file.tensors()) ++types[t.type];
    CHECK(types[element::f32] + types[element::i64] == 43);
    CHECK(file.at("conv.conv1.weight").shape == std::vector<std::int64_t>{24, 3, 3, 3});
    CHECK(file.metadata().at("source").find(name) != std::string::npos);
    // Written again and read again, every tensor has its bytes.
    st::writer out;
    for (const st::tensor& t : file.tensors()) out.add(t.name, t.type, t.shape, t.bytes);
    const auto bytes = out.bytes();
    const st::file again = st::parse(bytes);
    for (const st::tensor& t : file.tensors())
      CHECK(std::equal(t.bytes.begin(), t.bytes.end(), again.at(t.name).bytes.begin(), again.at(t.name).bytes.end()));
  }
}
