// relreason/graph/extent.hpp -- how many entries a space has at run time, and which belong to which parent.
#pragma once

namespace relreason {

// The rows of one space in one tile (or in a whole batch). Offsets may start anywhere: they are those of the batch, seen from the tile's first parent.
struct extent {
  int rows = 0;
  int parents = 0;
  int base = 0;                    // the batch's row that is row 0 here
  int padded = 0;                  // length to which sequences are padded: one number for the whole step, never a tile's own
  const int* offsets = nullptr;    // parents + 1
  const int* senders = nullptr;    // links: rows of the sender space in the batch
  const int* receivers = nullptr;  // links: rows of the receiver space in the batch
  const int* index = nullptr;      // some: rows of the whole space in the batch
  // Rows that the batch has. A device may run some more, so that one captured step serves many batches; those count for nothing.
  int listed() const { return offsets ? offsets[parents] - offsets[0] : rows; }
  int begin(int parent) const { return offsets[parent] - offsets[0]; }
  int count(int parent) const { return offsets[parent + 1] - offsets[parent]; }
};

}  // namespace relreason
