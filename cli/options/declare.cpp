#include "cli/options/declare.hpp"

#include <CLI/CLI.hpp>

#include "engine/posix/descriptor_path.hpp"

namespace mpiferry::cli {

void add_number(CLI::App& command, const OptionHelp& help, const Check& check,
                std::function<void(std::uint64_t)> store) {
  command.add_option_function<std::uint64_t>(help.name, std::move(store), help.text)
      ->transform(CLI::Validator{check, ""})
      ->type_name(help.type)
      ->default_str(help.default_value);
}

CLI::Option& add_file(CLI::App& command, const char* name, std::string& value, FileUse use,
                      const std::string& text) {
  CLI::Option& option = *command.add_option(name, value, text)->type_name("FILE");
  if (use == FileUse::writes) option.transform(posix::dash_for_standard_output);
  return *option.check(not_empty);
}

}  // namespace mpiferry::cli
