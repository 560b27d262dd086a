// syntax/modules.hpp: the modules of one vm: which names are whose.
//
// Answers for: what a name of a module or of the top level stands for, as names of globals. Not for: values and macros,
// which are the globals themselves: the x of a module m is the global m/x. Everything here is used while forms are
// compiled; code knows globals only.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "frame/vm.hpp"

namespace terrace::syntax {

struct Module {
  std::string name;  // empty: the top level, which has nothing but imports
  bool ready = false;
  bool open = false;                                      // names may be defined again
  std::unordered_set<std::string> defined;                // defined, or announced by a form that stands later
  std::unordered_set<std::string> made;                   // defined already
  std::unordered_map<std::string, std::string> imported;  // a name here: the global
  std::unordered_map<std::string, std::string> exported;  // a name for others: the global
  std::unordered_set<std::string> outside;                // names that were used for something from outside

  std::string global(const std::string& own) const { return name + "/" + own; }
};

class ModuleTable {
 public:
  // Null when the vm has none yet.
  static ModuleTable* existing(VmState* vm) { return static_cast<ModuleTable*>(frame::vm_of(vm).module_table.get()); }
  static ModuleTable& of(VmState* vm);

  Module root;
  Module* find(const std::string& name) {
    auto found = modules_.find(name);
    return found == modules_.end() ? nullptr : found->second.get();
  }
  Module* add(const std::string& name);
  void remove(const std::string& name) { modules_.erase(name); }

 private:
  std::unordered_map<std::string, std::unique_ptr<Module>> modules_;
};

}  // namespace terrace::syntax
