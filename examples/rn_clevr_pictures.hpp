// examples/rn_clevr_pictures.hpp -- rn_clevr predict with the weights of a network that sees pictures; in a file of its own, as models take time to compile.
#pragma once

#include <string>

#include "relreason/core/error.hpp"
#include "relreason/core/executor.hpp"

namespace rn_clevr {

// weights: safetensors with the published names or ours, of RN or 2S-RN; which, their shapes tell. dictionary: words and answers, JSON. Questions name
// their pictures, files of the folder. One JSON line per question goes to `out`.
#if defined(RN_CLEVR_WITHOUT_PICTURES)
inline void predict_from_pictures(const std::string&, const std::string&, const std::string&, const std::string&, const std::string&, int,
                                  relreason::executor&) {
  relreason::fail("this rn_clevr was built without networks that see pictures; build it with -DRELREASON_PICTURE_MODELS=ON");
}
#else
void predict_from_pictures(const std::string& weights, const std::string& dictionary, const std::string& folder, const std::string& questions,
                           const std::string& out, int pad_to, relreason::executor& threads);
#endif

}  // namespace rn_clevr
