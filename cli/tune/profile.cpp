#include "cli/tune/profile.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/output/units.hpp"
#include "cli/process/message.hpp"
#include "engine/posix/descriptor.hpp"

namespace mpiferry::cli {
namespace {

// A thousand cases are 200 KiB.
constexpr std::size_t kMaxProfile = std::size_t{1} << 20U;

Failure invalid_profile(std::string detail) {
  return {.code = Errc::invalid_argument, .detail = std::move(detail)};
}

std::optional<std::uint64_t> number_from_1(const nlohmann::json& json, const char* name,
                                           std::uint64_t max) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_number_unsigned()) return std::nullopt;
  const auto value = found->get<std::uint64_t>();
  return value >= 1 && value <= max ? std::optional{value} : std::nullopt;
}

Result<std::string> read_file(const std::string& path) {
  const auto failed = [&path](const char* call, int error) {
    return Failure{.code = Errc::invalid_argument,
                   .path = path,
                   .call = call,
                   .system_errno = error,
                   .detail = "cannot read the profile"};
  };
  // O_NONBLOCK: a FIFO must not block here.
  const posix::Descriptor file{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
  if (!file) return failed("open", errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return failed("fstat", errno);
  if (S_ISDIR(status.st_mode)) return failed("open", EISDIR);
  if (!S_ISREG(status.st_mode)) {
    Failure wrong = failed("", 0);
    wrong.detail = "not a profile: not a regular file";
    return wrong;
  }
  std::string text;
  std::array<char, 4096> part{};
  while (text.size() <= kMaxProfile) {
    const ssize_t got = ::read(file.get(), part.data(), part.size());
    if (got == 0) return text;
    if (got > 0) text.append(part.data(), static_cast<std::size_t>(got));
    if (got < 0 && errno != EINTR) return failed("read", errno);
  }
  Failure large = failed("", 0);
  large.detail = "not a profile: larger than any profile";
  return large;
}

// What to do about a profile that cannot be read. `named`: --profile names it.
Result<ProfileUse> without_profile(Failure failure, const std::string& path, bool named) {
  if (named) {
    failure.hint = "name a file that mpiferry tune has written, or use --profile none";
    return failure;
  }
  const int error = failure.system_errno;
  // A HOME that this user may not read (su, a service) counts as one without a profile.
  std::error_code unseen;
  const bool hidden = error == EACCES && !std::filesystem::exists(path, unseen);
  if (error == ENOENT || error == ENOTDIR || hidden) return ProfileUse{};
  return ProfileUse{
      .warning = warning_line(fmt::format("{}; the defaults are used instead (remove the file, and "
                                          "measure again with mpiferry tune)",
                                          failure.message()))};
}

}  // namespace

Result<Tuning> decode_profile(std::string_view text) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return invalid_profile("not a profile: no JSON object");
  const auto schema = json.find("schema");
  if (schema == json.end() || !schema->is_string())
    return invalid_profile("not a profile: it has no schema");
  if (const auto& name = schema->get_ref<const std::string&>(); name != kProfileSchema) {
    return invalid_profile(fmt::format("its schema is {}, but this mpiferry reads {}",
                                       mpiferry::quoted(name.substr(0, 100)), kProfileSchema));
  }
  const auto chunk_size = number_from_1(json, "chunk_size", kMaxChunkSize.value);
  if (!chunk_size) {
    return invalid_profile(fmt::format("damaged: chunk_size must be a whole number from 1 to {}",
                                       kMaxChunkSize.value));
  }
  const auto window = number_from_1(json, "window", kMaxWindow);
  if (!window) {
    return invalid_profile(
        fmt::format("damaged: window must be a whole number from 1 to {}", kMaxWindow));
  }
  return Tuning{{*chunk_size}, static_cast<std::uint32_t>(*window)};
}

Result<Tuning> read_profile(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return text.error();
  auto tuning = decode_profile(*text);
  if (!tuning) tuning.error().path = path;
  return tuning;
}

Result<ProfileUse> apply_profile(ScatterArguments& arguments) {
  ScatterOptions& options = arguments.options;
  if (arguments.profile == kProfileNone) return ProfileUse{};
  const bool named = arguments.profile != kProfileAuto;
  const bool wanted = !arguments.chunk_size_given || !options.job.window;
  const std::string path = profile_path(arguments.profile);
  if (!named && (!wanted || path.empty())) return ProfileUse{};

  const auto profile = read_profile(path);
  if (!profile) return without_profile(profile.error(), path, named);
  ProfileUse use;
  if (arguments.chunk_size_given) {
    if (!options.job.window && options.chunk_size == profile->chunk_size) {
      options.job.window = profile->window;
      use.file = path;
    }
  } else if (options.job.memory && *options.job.memory < profile->chunk_size) {
    use.warning = warning_line(fmt::format(
        "{}: its chunks of {} do not fit into --memory {}; the defaults are used instead",
        mpiferry::quoted(path), human_bytes(profile->chunk_size), options.job.memory->value));
  } else {
    options.chunk_size = profile->chunk_size;
    if (!options.job.window) options.job.window = profile->window;
    use.file = path;
  }
  return use;
}

}  // namespace mpiferry::cli
