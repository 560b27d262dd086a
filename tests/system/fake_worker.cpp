// tests/system/fake_worker.cpp: a program that stands where terrace-worker should, of another version of the library.
// usage: fake_worker protocol|bytecode ARGUMENT...   says which version is another one; the rest is what a worker is
// given.
#include <unistd.h>

#include <cstring>

#include "bytecode/encoding.hpp"
#include "jobs/protocol.hpp"

int main(int argc, char** argv) {
  terrace::jobs::Hello hello;
  hello.abi_version = terrace::bytecode::kAbiVersion;
  if (argc > 1 && std::strcmp(argv[1], "protocol") == 0) hello.protocol_version += 1;
  if (argc > 1 && std::strcmp(argv[1], "bytecode") == 0) hello.abi_version += 1;
  const auto bytes = terrace::jobs::pack(hello);
  if (write(terrace::jobs::kWorkerSocket, bytes.data(), bytes.size()) < 0) return 1;
  char byte;
  while (read(terrace::jobs::kWorkerSocket, &byte, 1) > 0) {
  }
}
