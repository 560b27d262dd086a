// jobs/temp_directory.hpp: the private directory in which a worker leaves its files for moments.
//
// Answers for: naming it, making it, and taking it away with all that is in it. The engine only names it, in each place
// where it could be; the worker makes the first that takes files. So a host that ends before its worker runs has made
// nothing. Both remove it, whichever lives longer, so that nothing stays when either is killed.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace terrace::jobs {

// The paths where a new directory could be, which does not exist: in `preferred` when not empty, in $TMPDIR, then in
// the usual places, memory first.
std::vector<std::string> temp_candidates(const std::string& preferred);

// Makes a directory that only this user can enter, or finds it made. False with errno set.
bool make_temp_directory(const std::string& path);

// Makes the first of the candidates that takes a file, and answers its path. Empty with *error set when none does.
std::string make_first_temp_directory(const std::vector<std::string>& candidates, std::string* error);

// Whether a file of so many bytes can be written in it: not on a full disk, nor over a quota. None stays.
bool takes_files(const std::string& directory, size_t bytes);

// Removes the directory and everything in it, when it is this user's, without following links; repeats until it is
// gone, because a dying compiler may still be writing. True when nothing is left.
bool remove_temp_directory(const std::string& path);

}  // namespace terrace::jobs
