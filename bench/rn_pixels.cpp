// bench/rn_pixels.cpp -- Relation Networks that see pictures, timed: as a table, or as a server that compare_pixels.py drives beside PyTorch.
// The protocol of the server is told at the top of bench/peers/compare.py, the cases at the top of compare_pixels.py.
#include "rn_pixels_cases.hpp"
#include "rn_server.hpp"

using namespace bench;

namespace {

std::unique_ptr<timed_case> make_case(const std::string& base, const settings& s, executor& threads) {
  if (base == "pixels") return std::make_unique<pixels_case>(s, threads);
  if (base == "pixels_predict") return make_pixels_predict(s, threads);
  if (base == "features") return make_features(s, threads);
  if (s.batch) fail("case ", base, " is about one picture; leave out @", s.batch);
  if (base == "ten_questions") return make_ten_questions(s, threads);
  return make_ten_single(s, threads);
}

// A bias before batch norm has no gradient but rounding errors.
bool vanishes(const std::string& path) { return path.starts_with("c") && path.ends_with(".bias"); }

std::string gradients_of(const settings& s, executor& threads) {
  const auto from = pictures_of(s.data, "pixels");
  const std::size_t n = s.batch ? s.batch : from.size();
  batch<rn_pixels_check> b;
  fill(b, from, n);
  parameters<rn_pixels_check> weights(1);
  published_weights(weights, s.data, "pixels.safetensors");
  gradient_program<rn_pixels_check> program(limits_of<rn_pixels_check>(from, n), threads, s.kernel());
  program.run(b, weights, {});
  return norms_of<rn_pixels_check>(program.loss(), program.gradients().data(), px::published_names(), vanishes);
}

template <class Case>
std::string rows_of(const char* what, std::unique_ptr<Case> one) {
  one->step();
  return quoted(what) + ": " + list_of(one->rows());
}
std::string check_of(const std::string& base, const settings& s, executor& threads) {
  constexpr const char* answers = "log_probabilities";
  if (base == "pixels") return gradients_of(s, threads);
  if (base == "pixels_predict") return rows_of(answers, make_pixels_predict(s, threads));
  if (base == "ten_questions") return rows_of(answers, make_ten_questions(s, threads));
  if (base == "ten_single") return rows_of(answers, make_ten_single(s, threads));
  return rows_of("features", make_features(s, threads));
}

const suite all{
    "bench_rn_pixels",
    "bench_rn_pixels [CASE...] [--threads N] [--rounds N] [--data DIR]     a table; CASE: pixels, pixels_predict, features, then _bf16, "
    "then @B for batches of B pictures; ten_questions, ten_single, then _bf16\n"
    "bench_rn_pixels --serve [--threads N] [--data DIR]                    requests on stdin, JSON on stdout: see bench/peers/compare.py\n"
    "Without --data the inputs and weights are made here, in the same shapes as bench/peers/workload.py.\n",
    {"pixels", "pixels_predict", "ten_questions", "ten_single", "features"},
    {},
    {"pixels", "pixels_bf16", "pixels_predict", "ten_questions", "ten_single", "features"},
    make_case,
    check_of};

}  // namespace

int main(int argc, char** argv) { return run_suite(all, argc, argv); }
