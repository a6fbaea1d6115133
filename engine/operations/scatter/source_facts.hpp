// What the files at the destination take from the source beside its bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/extent.hpp"
#include "engine/base/units.hpp"
#include "engine/disk/file_stamp.hpp"
#include "engine/disk/source.hpp"
#include "engine/plan/data_share.hpp"

namespace mpiferry::operations {

struct SourceFacts {
  std::string id;                       // disk/file_id.hpp; "": no regular file
  std::optional<Bytes> size;            // nothing: a stream
  std::vector<Extent> data;             // of a source with holes that stay holes; else empty
  std::uint32_t mode = wire::kAnyMode;  // of a file
  disk::FileStamp stamp = {};           // --preserve

  // `keep_holes`: where the layout can have them.
  static SourceFacts of(const disk::Source& source, bool keep_holes, bool preserve) {
    SourceFacts facts{.id = source.id(), .size = source.size(), .data = {}};
    if (keep_holes) facts.data = source.data();
    if (const auto& attributes = source.attributes()) {
      facts.mode = attributes->mode;
      if (preserve) facts.stamp = disk::FileStamp::of(*attributes);
    }
    return facts;
  }

  bool sparse() const noexcept { return !data.empty(); }
  // What takes space of a file with these bytes. Precondition: no stream.
  Bytes data_size() const noexcept { return sparse() ? plan::sum_of(data) : *size; }
};

}  // namespace mpiferry::operations
