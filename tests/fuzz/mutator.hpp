// fuzz/mutator.hpp: changes programs as trees, so that most of what is tried can be read: subexpressions are copied,
// exchanged, wrapped and removed, atoms become others of the language. Included by the targets whose input is SX; a
// share of the changes stays libFuzzer's own.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed);
extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* data1, size_t size1, const uint8_t* data2, size_t size2,
                                            uint8_t* out, size_t max_size, unsigned seed);
