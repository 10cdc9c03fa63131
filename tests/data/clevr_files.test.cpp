// tests/data/clevr_files.test.cpp -- scene and question files: both layouts, windows, gzip, and every way to be wrong.
#include "relreason/data/clevr_files.hpp"

#include <zlib.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "catch.hpp"
#include "relreason/data/clevr_program.hpp"
#include "support/message_of.hpp"
#include "support/shared_data.hpp"
#include "support/temporary_folder.hpp"

namespace clevr = relreason::clevr;
using list = std::vector<int>;

namespace {

std::string gzip(std::string_view text) {
  z_stream z{};
  deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&z, text.size()) + 64, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

const std::string object =
    R"({"color":"gray","size":"large","shape":"cube","material":"rubber","3d_coords":[1.5,-2,0.7],"rotation":30,"pixel_coords":[198,190,8.5]})";
const std::string scene =
    R"({"image_index":3,"image_filename":"CLEVR_val_000003.png","split":"val","objects":[)" + object + "," + object +
    R"(],"relationships":{"left":[[1],[]],"right":[[],[0]],"front":[[],[]],"behind":[[],[]]},)"
    R"("directions":{"left":[-0.6,-0.7,0],"right":[0.6,0.7,0],"front":[0.7,-0.6,0],"behind":[-0.7,0.6,0],"above":[0,0,1],"below":[0,0,-1]}})";
const std::string question =
    R"({"image_index":3,"question":"How many cubes?","answer":"2","question_index":8,"question_family_index":2,"split":"val",)"
    R"("image_filename":"CLEVR_val_000003.png","program":[{"function":"scene","inputs":[],"value_inputs":[]},)"
    R"({"function":"filter_shape","inputs":[0],"value_inputs":["cube"]},{"function":"count","inputs":[1],"value_inputs":[]}]})";

std::string scenes_of(const std::string& records) { return R"({"info":{"split":"val"},"scenes":[)" + records + "]}"; }
std::string questions_of(const std::string& records) { return R"({"info":{"split":"val"},"questions":[)" + records + "]}"; }

struct files : temporary_folder {
  std::string file(std::string_view text) const {
    put_content(*this / "f.json", text);
    return *this / "f.json";
  }
  std::vector<clevr::question> questions(std::string_view text) const { return clevr::read_questions(file(text)); }
  std::string questions_error(std::string_view text) const {
    const std::string name = file(text);
    return message_of([&] { clevr::read_questions(name); });
  }
  std::string question_error(std::string_view from, std::string_view to) const {
    return questions_error(questions_of(question + "," + replaced(question, from, to)));
  }
  std::string scene_error(std::string_view from, std::string_view to) const {
    const std::string name = file(scenes_of(replaced(scene, from, to)));
    return message_of([&] { clevr::read_scenes(name); });
  }
};

}  // namespace

TEST_CASE("clevr_files: every field of a scene", "[data][clevr]") {
  const files f;
  const auto scenes = clevr::read_scenes(f.file(scenes_of(scene)));
  REQUIRE(scenes.size() == 1);
  const clevr::scene& s = scenes[0];
  REQUIRE(s.image_index == 3);
  REQUIRE(s.image_filename == "CLEVR_val_000003.png");
  REQUIRE(s.split == "val");
  REQUIRE(s.objects.size() == 2);
  REQUIRE(s.objects[1].attributes == std::array<std::uint8_t, 4>{0, 6, 0, 1});
  REQUIRE(s.objects[1].position == std::array<double, 3>{1.5, -2, 0.7});
  REQUIRE(s.objects[1].pixel == std::array<double, 3>{198, 190, 8.5});
  REQUIRE(s.objects[1].rotation == 30);
  REQUIRE(s.related[clevr::left] == std::vector<list>{{1}, {}});
  REQUIRE(s.related[clevr::right] == std::vector<list>{{}, {0}});
  REQUIRE(s.directions[2] == std::array<double, 3>{0.7, -0.6, 0});
  REQUIRE(s.directions[5] == std::array<double, 3>{0, 0, -1});
}

TEST_CASE("clevr_files: every field of a question", "[data][clevr]") {
  const files f;
  const auto questions = f.questions(questions_of(question));
  REQUIRE(questions.size() == 1);
  const clevr::question& q = questions[0];
  REQUIRE((q.image_index == 3 && q.question_index == 8 && q.family == 2));
  REQUIRE((q.text == "How many cubes?" && q.answer == "2" && q.split == "val" && q.image_filename == "CLEVR_val_000003.png"));
  REQUIRE(q.program.size() == 3);
  REQUIRE(clevr::function_name(q.program[1]) == "filter_shape");
  REQUIRE((q.program[1].value == 1 && q.program[1].inputs[0] == 0 && q.program[2].inputs[0] == 1));
  clevr::read_options without;
  without.programs = false;
  REQUIRE(clevr::read_questions(f.file(questions_of(question)), without)[0].program.empty());
}

TEST_CASE("clevr_files: the generator's variants are read as the published form", "[data][clevr]") {
  const files f;
  const std::string generated =
      R"({"split":"new","image":"CLEVR_new_000001","image_index":1,"template_filename":"zero_hop.json","question_family_index":4,)"
      R"("question":"Is it?","answer":true,"program":[{"type":"scene","inputs":[],"_output":[0,1]},)"
      R"({"type":"relate","inputs":[2],"side_inputs":["left"],"_output":[]}]})";
  const auto answer = [&](const char* raw) {
    return f.questions(questions_of(R"({"image_index":1,"question":"x","answer":)" + std::string(raw) + "}"))[0].answer;
  };
  REQUIRE(answer("true") == "yes");
  REQUIRE(answer("false") == "no");
  REQUIRE(answer("7") == "7");
  REQUIRE(answer("\"cube\"") == "cube");
  REQUIRE(answer("null").empty());
  const std::string program =
      replaced(generated, R"({"type":"relate","inputs":[2],"side_inputs":["left"],"_output":[]})",
               R"({"type":"unique","inputs":[0],"_output":0},)"
               R"({"type":"relate","inputs":[1],"side_inputs":["front"],"_output":[]},{"type":"exist","inputs":[2],"_output":true})");
  const auto q = f.questions(questions_of(program))[0];
  REQUIRE((q.answer == "yes" && q.program.size() == 4 && q.program[2].which == clevr::front));
}

TEST_CASE("clevr_files: answer, program, family and index may be missing", "[data][clevr]") {
  const files f;
  const std::string bare = R"({"image_index":5,"question":"Is it?"})";
  const auto q = f.questions(questions_of(bare + "," + bare));
  REQUIRE((q[1].answer.empty() && q[1].program.empty() && q[1].family == -1 && q[1].question_index == 1));
  REQUIRE(f.questions(questions_of("")).empty());
  REQUIRE(f.questions(R"( { "questions" : [ ] , "info" : null } )").empty());
}

TEST_CASE("clevr_files: strings with brackets, quotes and escapes do not cut a record", "[data][clevr]") {
  const files f;
  const auto q = f.questions(questions_of(R"({"image_index":1,"question":"a}]\"{[\\","x":{"y":["\\\"}"]}}, {"image_index":2,"question":"\u0041"})"));
  REQUIRE((q.size() == 2 && q[0].text == "a}]\"{[\\" && q[1].text == "A"));
}

// Windows are 1 MiB: 3 MiB of questions with escapes lie across their borders in every way.
TEST_CASE("clevr_files: many windows give the questions of one, plain or packed", "[data][clevr]") {
  const files f;
  std::string records;
  int n = 0;
  for (; records.size() < 3 << 20; ++n)
    records += (n ? ",\n  " : "") + std::string(R"({"image_index":)") + std::to_string(n) + R"(,"question":")" +
               std::string(static_cast<std::size_t>(n % 97), 'a') + R"(\\\\\"\"}{"})";
  const std::string text = questions_of(records);
  put_content(f / "q.json.gz", gzip(text));
  for (const std::string& path : {f.file(text), f / "q.json.gz"}) {
    const auto questions = clevr::read_questions(path);
    REQUIRE(static_cast<int>(questions.size()) == n);
    bool equal = true;
    for (int i = 0; i < n; ++i) {
      const clevr::question& q = questions[static_cast<std::size_t>(i)];
      equal = equal && q.image_index == i && q.text == std::string(static_cast<std::size_t>(i % 97), 'a') + R"(\\""}{)";
    }
    REQUIRE(equal);
  }
}

TEST_CASE("clevr_files: gzip of several members, cut short, damaged, with garbage behind", "[data][clevr]") {
  const files f;
  const std::string text = questions_of(question), packed = gzip(text);
  REQUIRE(f.questions(gzip(text.substr(0, 40)) + gzip(text.substr(40))).size() == 1);
  REQUIRE(
      contains(f.questions_error(packed.substr(0, packed.size() - 9)), "f.json: the gzip data ends at byte " + std::to_string(packed.size() - 9)));
  REQUIRE(contains(f.questions_error(packed + "x"), "found other bytes after the gzip data at byte " + std::to_string(packed.size())));
  std::string damaged = packed;
  damaged[packed.size() - 6] ^= 1;  // in the checksum
  REQUIRE(contains(f.questions_error(damaged), "damaged gzip data before byte"));
  REQUIRE(contains(f.questions_error(packed.substr(0, 2)), "the gzip data ends at byte 2"));
}

TEST_CASE("clevr_files: what is no file of questions", "[data][clevr]") {
  const files f;
  REQUIRE(contains(message_of([&] { clevr::read_questions(f / "none.json"); }),
                   "clevr::read_questions: cannot open " + f.path + "/none.json: No such file"));
  REQUIRE(contains(message_of([&] { clevr::read_scenes(f.path); }), "clevr::read_scenes: found " + f.path + " to be a folder"));
  REQUIRE(contains(f.questions_error(""), "f.json: byte 0: found the end of the file, wanted more"));
  REQUIRE(contains(f.questions_error("[]"), "byte 0: found \"[\", wanted '{'"));
  REQUIRE(contains(f.questions_error("{}"), "found no list \"questions\""));
  REQUIRE(contains(f.questions_error(R"({"scenes":[]})"), "found no list \"questions\""));
  REQUIRE(contains(f.questions_error(R"({"questions":{}})"), "byte 13: found \"{\", wanted '['"));
  REQUIRE(contains(f.questions_error(R"({"questions":[1]})"), "byte 14: found \"1\", wanted '{', the beginning of a question"));
  REQUIRE(contains(f.questions_error(R"({"questions":[],"questions":[]})"), "byte 27: found field \"questions\" twice"));
  REQUIRE(contains(f.questions_error(R"({"info":nil,"questions":[]})"), "byte 8: found malformed JSON"));
  REQUIRE(contains(f.questions_error(R"({"questions":[]} x)"), "byte 17: found \"x\" after the end of the object"));
  REQUIRE(contains(f.questions_error(R"({"questions":[],})"), "byte 16: found \"}\", wanted '\"'"));
  REQUIRE(contains(f.questions_error(R"({"questions":[]"info":1})"), "byte 15: found \"\\x22\", wanted ','"));
}

TEST_CASE("clevr_files: malformed and cut records are named by number and byte", "[data][clevr]") {
  const files f;
  const std::string head = R"({"questions":[)";
  REQUIRE(contains(f.questions_error(head + question.substr(0, 50)), "byte 14: found a question without its end"));
  REQUIRE(contains(f.questions_error(head + question), "found the end of the file, wanted more: it is cut short"));
  REQUIRE(contains(f.questions_error(head + question + ",]}"), "wanted '{', the beginning of a question"));
  REQUIRE(contains(f.questions_error(head + question + question + "]}"), "wanted ',', a comma or the end of the list"));
  const std::string at = "question 1 (byte " + std::to_string(head.size() + question.size() + 1) + "): ";
  for (const char* bad :
       {"{\"image_index\" 1}", "{\"question\":\"\xff\"}", "{\"image_index\":NaN}", "{\"x\":1e999}", "{\"x\":\"\\q\"}", "{\"x\":tru}"})
    REQUIRE(contains(f.questions_error(head + question + "," + bad + "]}"), at + "found malformed JSON"));
  REQUIRE(contains(f.questions_error(head + "{\"image_index\":1]}]}"), "byte 31: found \"}\", wanted ','"));
  REQUIRE(contains(f.questions_error(head + std::string(100, '{') + "]}"), "byte 46: found brackets nested over 32 deep in a question"));
  REQUIRE(contains(f.questions_error(R"({"info":)" + std::string(100, '[')), "byte 40: found brackets nested over 32 deep in a field"));
  REQUIRE(contains(f.questions_error(head + R"({"x":")" + std::string(5 << 20, 'a') + "\"}]}"), "byte 14: found a question over 4194304 bytes"));
  REQUIRE(contains(f.questions_error(head + question + std::string(9 << 20, ' ') + "]}"), "bytes of white space"));
  clevr::read_options one;
  one.most_records = 1;
  const std::string two = f.file(questions_of(question + "," + question));
  REQUIRE(contains(message_of([&] { clevr::read_questions(two, one); }), "found more than 1 questions"));
}

TEST_CASE("clevr_files: wrong fields of a question", "[data][clevr]") {
  const files f;
  const std::string where = "f.json: question 1 (byte ";
  const auto check = [&](std::string_view from, std::string_view to, const std::string& message) {
    const std::string text = f.question_error(from, to);
    CAPTURE(text);
    REQUIRE(contains(text, where));
    REQUIRE(contains(text, message));
  };
  check(R"("image_index":3,)", "", R"(field "image_index": found none, wanted one)");
  check(R"("image_index":3)", R"("image_index":-1)", R"(field "image_index": found -1, wanted a whole number from 0)");
  check(R"("image_index":3)", R"("image_index":3000000000)", "found 3000000000, wanted a whole number");
  check(R"("image_index":3)", R"("image_index":3.5)", "found 3.5, wanted a whole number");
  check(R"("image_index":3)", R"("image_index":"3")", "found \"3\", wanted a whole number");
  check(R"("image_index":3)", R"("image_index":3,"image_index":3)", R"(field "image_index": found it twice, wanted it once)");
  check(R"("question":"How many cubes?",)", "", R"(field "question": found none, wanted one)");
  check(R"("How many cubes?")", "[1,2]", R"(field "question": found a list of 2, wanted a string)");
  check("How many cubes?", std::string(4097, 'a'), "found a string of 4097 bytes, wanted at most 4096");
  check(R"("answer":"2")", R"("answer":2.5)", R"(field "answer": found 2.5, wanted a whole number)");
  check(R"("answer":"2")", R"("answer":{})", R"(field "answer": found an object)");
  check(R"("function":"scene",)", "", R"(program node 0: field "function": found none)");
  check(R"("function":"count",)", R"("function":"sum",)", R"(program node 2: field "function": found "sum", wanted a function of CLEVR)");
  check(R"("function":"count",)", R"("function":"count","type":"count",)", R"(program node 2: field "type": found it twice)");
  check(R"("function":"count",)", R"("function":7,)", R"(program node 2: field "function": found 7, wanted a string)");
  check(R"("inputs":[1])", R"("inputs":[2])", R"(program node 2: field "inputs": found 2, wanted an earlier node (below 2))");
  check(R"("inputs":[1])", R"("inputs":[-1])", R"(program node 2: field "inputs": found -1, wanted an earlier node)");
  check(R"("inputs":[1])", R"("inputs":[0,1])", R"(program node 2: field "inputs": found 2 inputs for count, wanted 1)");
  check(R"("inputs":[1])", R"("inputs":1)", R"(program node 2: field "inputs": found 1, wanted a list)");
  check(R"(["cube"])", R"(["cone"])", R"(program node 1: field "value_inputs": found "cone", wanted a shape of CLEVR, as sphere)");
  check(R"(["cube"])", R"([])", R"(program node 1: field "value_inputs": found 0 values for filter_shape, wanted 1)");
  check(R"("inputs":[0],"value_inputs":["cube"])", R"("inputs":[0])",
        R"(program node 1: field "value_inputs": found none, wanted one value for filter_shape)");
  check(R"("function":"count")", R"("function":"query_size")",
        R"(field "program": node 2 (query_size): found input 1 to be a set of objects, wanted an object)");
  check(R"("function":"count")", R"("function":"unique")", R"(field "program": node 2 (unique): found the last node to give an object)");
  check(R"([{"function":"scene")", R"([5,{"function":"scene")", R"(program node 0: field "program": found 5, wanted an object)");
  std::string many = "[";
  for (int i = 0; i < 128; ++i) many += std::string(i ? "," : "") + R"({"function":"scene","inputs":[]})";
  check(R"("program":[)", R"("program":)" + many + R"(],"x":[)", R"(field "program": found a list of 128, wanted at most 127)");
}

TEST_CASE("clevr_files: wrong fields of a scene", "[data][clevr]") {
  const files f;
  const auto check = [&](std::string_view from, std::string_view to, const std::string& message) {
    const std::string text = f.scene_error(from, to);
    CAPTURE(text);
    REQUIRE(contains(text, "f.json: scene 0 (byte 34): "));
    REQUIRE(contains(text, message));
  };
  check(R"("image_index":3,)", "", R"(field "image_index": found none)");
  check(R"("objects")", R"("things")", R"(field "objects": found none, wanted a list)");
  check(R"("color":"gray",)", "", R"(object 0: field "color": found none)");
  check(R"("color":"gray")", R"("color":"pink")", R"(object 0: field "color": found "pink", wanted a color of CLEVR, as cyan)");
  check(R"("color":"gray")", R"("color":"gray","color":"gray")", R"(object 0: field "color": found it twice)");
  check("[1.5,-2,0.7]", "[1.5,-2]", R"(object 0: field "3d_coords": found a list of 2, wanted a list of 3 numbers)");
  check("[1.5,-2,0.7]", "[1.5,-2,1e9]", R"(object 0: field "3d_coords": found 1000000000.0, wanted a number of at most 1e6)");
  check("[1.5,-2,0.7]", "[1.5,-2,1e999]", "found malformed JSON");
  check("[1.5,-2,0.7]", "[1.5,-2,NaN]", "found malformed JSON");
  check("[1.5,-2,0.7]", "[1.5,-2,null]", R"(object 0: field "3d_coords": found null, wanted a number)");
  check("[[1],[]]", "[[1]]", R"(field "left": found 1 lists, wanted 2, one per object)");
  check("[[1],[]]", "[[2],[]]", R"(field "left": found object 2, wanted 0 to 1)");
  check("[[1],[]]", "[[0],[]]", R"(field "left": found object 0 in list 0, wanted other objects in ascending order)");
  check("[[1],[]]", "[[1,1],[]]", R"(field "left": found object 1 in list 0)");
  check("[[1],[]]", "7", R"(field "left": found 7, wanted a list)");
  check("[0,0,1]", "\"up\"", R"(field "above": found "up", wanted a list of 3 numbers)");
  std::string many = object;
  for (int i = 1; i < 65; ++i) many += "," + object;
  check(object + "," + object, many, R"(field "objects": found a list of 65, wanted at most 64)");
}

TEST_CASE("clevr_files: questions find their scenes by split and image", "[data][clevr]") {
  const files f;
  std::vector<clevr::scene> scenes(2);
  scenes[0].image_index = scenes[1].image_index = 3;
  scenes[0].split = "train", scenes[1].split = "val";
  auto questions = f.questions(questions_of(question));
  REQUIRE(clevr::join(scenes, questions) == list{1});
  scenes.pop_back();
  REQUIRE(contains(message_of([&] { clevr::join(scenes, questions); }),
                   "question 8 asks about image_index 3 of split \"val\", found no such scene among 1"));
  REQUIRE(message_of([&] {
            clevr::join(scenes, questions, {"s.json", "q.json"});
          }) ==
          "clevr::join: q.json: question 8 asks about image_index 3 of split \"val\", found no such scene among 1 in s.json, wanted one; "
          "give the scene file of that split");
  questions[0].split.clear();
  REQUIRE(clevr::join(scenes, questions) == list{0});
  scenes[0].split.clear();
  questions[0].split = "val";
  REQUIRE(clevr::join(scenes, questions) == list{0});
  scenes.push_back(scenes[0]);
  REQUIRE(contains(message_of([&] { clevr::join(scenes, questions); }), "found two scenes of image_index 3 in split \"\""));
  REQUIRE(message_of([&] {
            clevr::join(scenes, questions, {"s.json", "q.json"});
          }) ==
          "clevr::join: s.json: found two scenes of image_index 3 in split \"\" (scenes 0 and 1 of the list), wanted one; give each scene once");
}

TEST_CASE("clevr_files: open reads a split in the layout of CLEVR_v1.0 and names what is missing", "[data][clevr]") {
  const files f;
  REQUIRE(contains(message_of([&] { clevr::open(f.path, "val"); }),
                   "clevr::open: no file scenes/CLEVR_val_scenes.json (or scenes/CLEVR_val_scenes.json.gz) under " + f.path +
                       "; expected the layout of CLEVR_v1.0.zip"));
  std::filesystem::create_directory(f / "scenes");
  std::filesystem::create_directory(f / "questions");
  put_content(f / "scenes/CLEVR_val_scenes.json", scenes_of(scene));
  REQUIRE(contains(message_of([&] { clevr::open(f.path, "val"); }), "clevr::open: no file questions/CLEVR_val_questions.json"));
  put_content(f / "questions/CLEVR_val_questions.json.gz", gzip(questions_of(question)));
  const auto d = clevr::open(f.path, "val");
  REQUIRE((d.scenes.size() == 1 && d.questions.size() == 1 && d.scene_of == list{0}));
}

TEST_CASE("clevr_files: a file without read permission is refused by name", "[data][clevr]") {
  const files f;
  const std::string name = f.file(questions_of(question));
  if (!forbid_reading(name)) return;
  CHECK(contains(message_of([&] { clevr::read_questions(name); }), "clevr::read_questions: cannot open " + name + ": Permission denied"));
  CHECK(contains(message_of([&] { clevr::read_scenes(name); }), "clevr::read_scenes: cannot open " + name + ": Permission denied"));
}

TEST_CASE("clevr_files: the published files", "[data][clevr]") {
  if (const auto path = shared_data("clevr/scenes/CLEVR_train_scenes_first1000.json.gz")) {
    const auto scenes = clevr::read_scenes(*path);
    std::size_t objects = 0;
    for (const clevr::scene& s : scenes) objects += s.objects.size();
    REQUIRE((scenes.size() == 1000 && objects == 6455));
  }
  if (const auto path = shared_data("clevr/scenes/CLEVR_val_scenes_first33.json.gz")) {
    const auto scenes = clevr::read_scenes(*path);
    REQUIRE(scenes.size() == 33);
    REQUIRE(scenes[0].related[clevr::behind] == std::vector<list>{{2, 3}, {0, 2, 3, 4}, {3}, {}, {0, 2, 3}});
    REQUIRE(scenes[0].objects[4].position[0] == Approx(2.6763813));
  }
  if (const auto path = shared_data("clevr/questions/CLEVR_test_questions_mini.json")) {
    const auto questions = clevr::read_questions(*path);
    REQUIRE((questions.size() == 10 && questions[9].answer.empty() && questions[9].program.empty()));
  }
}

TEST_CASE("clevr_files: every stored answer is that of its program", "[data][clevr]") {
  struct {
    const char *scenes, *questions;
    int executed;
  } sets[] = {{"train_scenes_first1000.json.gz", "questions/CLEVR_train_questions_mini.json", 40},
              {"val_scenes_first33.json.gz", "questions/CLEVR_val_questions_mini.json", 7},
              {"train_scenes_first1000.json.gz", "questions/CLEVR_train_first1000_qa.json.gz", 898},
              {"val_scenes_first33.json.gz", "closure", 826}};
  for (const auto& set : sets) {
    const auto scene_file = shared_data("clevr/scenes/CLEVR_" + std::string(set.scenes)), path = shared_data("clevr/" + std::string(set.questions));
    if (!scene_file || !path) continue;
    const auto scenes = clevr::read_scenes(*scene_file);
    std::vector<std::string> paths{*path};
    if (std::filesystem::is_directory(*path)) {
      paths.clear();
      for (const auto& entry : std::filesystem::directory_iterator(*path)) paths.push_back(entry.path().string());
    }
    int executed = 0, agree = 0;
    for (const std::string& one : paths) {
      const auto questions = clevr::read_questions(one);
      const auto scene_of = clevr::join(scenes, questions);
      for (std::size_t i = 0; i < questions.size(); ++i) {
        if (questions[i].program.empty()) continue;
        ++executed;
        agree += clevr::execute(scenes[static_cast<std::size_t>(scene_of[i])], questions[i].program) == questions[i].answer;
      }
    }
    REQUIRE(executed == set.executed);
    REQUIRE(agree == set.executed);
  }
}
