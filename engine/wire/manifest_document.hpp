// The JSON of a manifest without its digests. Internal to the layer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/wire/json_text.hpp"

namespace mpiferry::wire {

// Takes the elements of "chunk_digests" out of the parser's hands, so that the document stays small
// however many chunks there are. What is no digest stays in the document's array and gives the
// text away.
//
// It is told what the parser meets. The library's own way, a document with a callback, looks at all
// members of an array again after each object in it: an hour for three megabytes of text.
class ManifestDocument final : public Json::json_sax_t {
 public:
  const Json& json() const noexcept { return json_; }
  // Where the text is no JSON, counted from 1: behind the last byte if more would have to come.
  std::optional<std::size_t> no_json_at() const noexcept { return no_json_at_; }
  std::vector<std::uint64_t>& digests() noexcept { return digests_; }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t& text) override;
  bool string(string_t& value) override;
  bool binary(binary_t& value) override;
  bool start_object(std::size_t elements) override;
  bool key(string_t& name) override;
  bool end_object() override { return close(); }
  bool start_array(std::size_t elements) override;
  bool end_array() override { return close(); }
  bool parse_error(std::size_t position, const std::string& job_lock,
                   const nlohmann::detail::exception& error) override;

 private:
  Json& place(Json value);
  bool add(Json value);
  bool open(Json value);
  bool close();

  Json json_;
  std::optional<std::size_t> no_json_at_;
  std::vector<Json*> open_;  // arrays and objects that have begun, the outermost first
  std::string key_;          // of the member whose value comes next
  bool digests_come_ = false;
  std::vector<std::uint64_t> digests_;
};

}  // namespace mpiferry::wire
