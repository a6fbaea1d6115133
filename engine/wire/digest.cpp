#include "engine/wire/digest.hpp"

#include <new>

#ifdef MPIFERRY_XXHASH_DISPATCH
#include <xxh_x86dispatch.h>  // the same functions, by the widest vectors of this machine
#else
#include <xxhash.h>
#endif

#include "engine/base/hex.hpp"
#include "engine/wire/refusal.hpp"

namespace mpiferry::wire {
namespace {

#ifdef MPIFERRY_NO_DIGEST
constexpr bool kDigests = false;  // bench/transfer integrity: every digest is that of nothing
#else
constexpr bool kDigests = true;
#endif

struct FreeXxh {
  void operator()(XXH3_state_t* state) const noexcept { XXH3_freeState(state); }
};
using XxhState = std::unique_ptr<XXH3_state_t, FreeXxh>;

// The library allocates: only it knows the size and alignment that the installed version needs.
XxhState new_state() {
  XxhState state{XXH3_createState()};
  if (!state) throw std::bad_alloc{};
  return state;
}

}  // namespace

bool digests_are_real() noexcept { return kDigests; }

std::uint64_t chunk_digest(std::span<const std::byte> bytes) noexcept {
  if (!kDigests) bytes = {};
  return XXH3_64bits(bytes.data(), bytes.size());
}

struct ChunkDigest::State {
  XxhState xxh = new_state();
};

ChunkDigest::ChunkDigest() : state_(std::make_unique<State>()) { reset(); }
ChunkDigest::~ChunkDigest() = default;
ChunkDigest::ChunkDigest(ChunkDigest&&) noexcept = default;
ChunkDigest& ChunkDigest::operator=(ChunkDigest&&) noexcept = default;

void ChunkDigest::reset() noexcept { XXH3_64bits_reset(state_->xxh.get()); }

void ChunkDigest::update(std::span<const std::byte> bytes) noexcept {
  // Some versions of the library call a null pointer an error.
  if (!kDigests || bytes.empty()) return;
  XXH3_64bits_update(state_->xxh.get(), bytes.data(), bytes.size());
}

std::uint64_t ChunkDigest::value() const noexcept { return XXH3_64bits_digest(state_->xxh.get()); }

struct FileDigest::State {
  XxhState xxh = new_state();
};

FileDigest::FileDigest() : state_(std::make_unique<State>()) {
  XXH3_128bits_reset(state_->xxh.get());
}
FileDigest::~FileDigest() = default;
FileDigest::FileDigest(FileDigest&&) noexcept = default;
FileDigest& FileDigest::operator=(FileDigest&&) noexcept = default;

void FileDigest::update(std::span<const std::byte> bytes) noexcept {
  if (!kDigests || bytes.empty()) return;
  XXH3_128bits_update(state_->xxh.get(), bytes.data(), bytes.size());
}

Digest128 FileDigest::value() const noexcept {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_->xxh.get());
  return {hash.high64, hash.low64};
}

std::string to_hex(std::uint64_t digest) {
  std::string out(16, '0');
  for (std::size_t i = 16; i-- > 0; digest >>= 4U) out[i] = kHexDigits[digest & 0xfU];
  return out;
}

std::string to_hex(Digest128 digest) { return to_hex(digest.high) + to_hex(digest.low); }

Result<std::uint64_t> digest_from_hex(std::string_view hex) {
  if (hex.size() != 16) return bad_field("a digest must have 16 hexadecimal digits");
  std::uint64_t value = 0;
  for (const char c : hex) {
    const int digit = hex_value(c);
    if (digit < 0) return bad_field("a digest must be hexadecimal");
    value = value << 4U | static_cast<std::uint64_t>(digit);
  }
  return value;
}

Result<Digest128> digest128_from_hex(std::string_view hex) {
  if (hex.size() != 32) return bad_field("a file's digest must have 32 hexadecimal digits");
  const auto high = digest_from_hex(hex.substr(0, 16));
  if (!high) return high.error();
  const auto low = digest_from_hex(hex.substr(16));
  if (!low) return low.error();
  return Digest128{*high, *low};
}

namespace {

std::string tagged_line(std::string_view algorithm, std::string_view file_name,
                        std::string_view hex) {
  std::string line{algorithm};
  line += " (";
  line += file_name;
  line += ") = ";
  line += hex;
  line += '\n';
  return line;
}

}  // namespace

std::string sums_line(std::string_view file_name, std::uint64_t digest) {
  return tagged_line("XXH3", file_name, to_hex(digest));
}

std::string sums_line(std::string_view file_name, Digest128 digest) {
  return tagged_line("XXH128", file_name, to_hex(digest));
}

}  // namespace mpiferry::wire
