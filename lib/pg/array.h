// The binary form of PostgreSQL's arrays and integers (arrayfuncs.c of the server):
//
//   array    = dimensions:i32 has_null:i32 element_type:u32 [length:i32 lower_bound:i32] element*
//   element  = length:i32 bytes | -1:i32
//
// all big-endian; an empty array has no dimension, the others here have one. Private to lib/pg.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::pg {

void append_i16(std::string& out, int16_t number);
void append_i32(std::string& out, int32_t number);
void append_i64(std::string& out, int64_t number);
// REQUIRES: 2, 4 or 8 bytes.
int64_t read_integer(std::string_view bytes);

// The head of an array with `count` elements. What follows are its elements, each as append_element
// writes it or, where it is null, as append_i32(out, -1).
void append_array_head(std::string& out, uint32_t element_type, size_t count, bool has_null);
void append_element(std::string& out, std::string_view bytes);

// One dimension or none, elements of that type, and of that size where one is given.
bool array_is_well_formed(std::string_view bytes, uint32_t element_type,
                          std::optional<size_t> element_size);
// REQUIRES: it is well-formed.
std::vector<std::optional<std::string_view>> array_elements(std::string_view bytes);

}  // namespace tandem::pg
