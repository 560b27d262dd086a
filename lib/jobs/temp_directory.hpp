// jobs/temp_directory.hpp: the private directory in which a worker leaves its files for moments.
//
// Answers for: making it, and taking it away with all that is in it. The engine makes one for each worker; the engine
// and the worker both remove it, whichever of them lives longer, so that nothing stays when either is killed.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace terrace::jobs {

// Makes a directory only this user can enter in the first of `parents` that takes a file. Empty with *error set when
// none does.
std::string make_temp_directory(const std::vector<std::string>& parents, std::string* error);

// Whether a file of so many bytes can be written in it: not on a full disk, nor over a quota. None stays.
bool takes_files(const std::string& directory, size_t bytes);

// The places to try: `preferred` when not empty, $TMPDIR, then the usual ones, memory first.
std::vector<std::string> temp_parents(const std::string& preferred);

// Removes the directory and everything in it, without following links; repeats until it is gone, because a dying
// compiler may still be writing. True when nothing is left.
bool remove_temp_directory(const std::string& path);

}  // namespace terrace::jobs
