#include "engine/wire/manifest_document.hpp"

#include <utility>

#include "engine/wire/digest.hpp"

namespace mpiferry::wire {

Json& ManifestDocument::place(Json value) {
  if (open_.empty()) return json_ = std::move(value);
  Json& parent = *open_.back();
  if (parent.is_array()) {
    parent.push_back(std::move(value));
    return parent.back();
  }
  return parent[key_] = std::move(value);  // of a repeated key, JSON readers take the last
}

bool ManifestDocument::add(Json value) {
  place(std::move(value));
  return true;
}

bool ManifestDocument::open(Json value) {
  open_.push_back(&place(std::move(value)));
  return true;
}

bool ManifestDocument::close() {
  open_.pop_back();
  return true;
}

bool ManifestDocument::number_float(number_float_t value, const string_t& /*text*/) {
  return add(value);
}

bool ManifestDocument::string(string_t& value) {
  if (digests_come_ && open_.size() == 2 && open_.back()->is_array()) {
    if (const auto digest = digest_from_hex(value)) {
      digests_.push_back(*digest);
      return true;
    }
  }
  return add(std::move(value));
}

bool ManifestDocument::binary(binary_t& value) { return add(std::move(value)); }

bool ManifestDocument::start_object(std::size_t /*elements*/) { return open(Json::object()); }

bool ManifestDocument::key(string_t& name) {
  key_ = std::move(name);
  if (open_.size() != 1) return true;
  digests_come_ = key_ == "chunk_digests";
  if (digests_come_) digests_.clear();  // it is repeated
  return true;
}

bool ManifestDocument::start_array(std::size_t /*elements*/) { return open(Json::array()); }

bool ManifestDocument::parse_error(std::size_t position, const std::string& /*token*/,
                                   const nlohmann::detail::exception& /*error*/) {
  no_json_at_ = position;
  return false;
}

}  // namespace mpiferry::wire
