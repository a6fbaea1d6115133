#!/usr/bin/env bash
# need GROUP...: sees to it that what packages.txt lists for these groups is there. ./dev sources this.
# Expects a function `die` for the last word.

preprocesses() { "$@" -x c++ -E - -o /dev/null 2>/dev/null; }  # COMPILER... <source

present() {  # PROBE of packages.txt
  local kind words word header condition includes=() prefixes=${CMAKE_PREFIX_PATH:-}
  read -r kind words <<<"$1"
  case $kind in
    program) for word in $words; do command -v "$word" >/dev/null && return; done ;;
    python)
      for word in python3 /usr/bin/python3; do
        "$word" -c 'import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, sys.argv[1].split())))' "$words" 2>/dev/null && return
      done ;;
    wrapper)
      for word in $words; do
        printf '#include <mpi.h>\n#ifndef MPICH_VERSION\n#error another MPI\n#endif\n' |
          preprocesses "$word" -DMPICH_SKIP_MPICXX && return
      done ;;
    sanitizer)
      word=$(mktemp) || return
      if ! printf 'extern "C" int LLVMFuzzerTestOneInput(const char*, __SIZE_TYPE__) { return 0; }' |
        clang++ "-fsanitize=$words" -x c++ - -o "$word" 2>/dev/null; then kind=none; fi
      rm -f "$word"
      [[ $kind == sanitizer ]] && return ;;
    header)
      read -r header condition <<<"$words"
      for word in ${prefixes//[:;]/ }; do includes+=(-isystem "$word/include"); done
      printf '#include <%s>\n#if !(%s)\n#error too old\n#endif\n' "$header" "${condition:-1}" |
        preprocesses "${CXX:-c++}" -std=c++20 "${includes[@]}" && return ;;
  esac
  return 1
}

find_missing() {  # NEED...: fills `missing` with the rows of packages.txt that are not there
  local row need probe word
  missing=()
  while IFS= read -r row; do
    IFS='|' read -r need _ probe _ <<<"$row"
    for word in $need; do
      [[ " $* " == *" $word "* ]] || continue
      present "$probe" || missing+=("$row")
      break
    done
  done < <(grep '^[a-z]' "${BASH_SOURCE[0]%/*}/packages.txt")
}

name_missing() {
  local row what debian fedora spack all_debian='' all_fedora='' all_spack=''
  for row in "${missing[@]}"; do
    IFS='|' read -r _ what _ debian fedora spack <<<"$row"
    read -r what <<<"$what"
    printf 'dev: missing: %s\n' "$what" >&2
    all_debian+=" $debian" all_fedora+=" $fedora" all_spack+=" $spack"
  done
  words() { tr -s ' ' '\n' <<<"$1" | sort -u | tr '\n' ' '; }
  die "install these packages (a/b: one of them), then try again
  Debian, Ubuntu: apt-get install$(words "$all_debian")
  Fedora:         dnf install$(words "$all_fedora")
  Spack:          spack install$(words "$all_spack")"
}

need() {  # NEED...
  local row debian name choice as_root=() packages=()
  find_missing "$@"
  ((${#missing[@]})) || return 0
  command -v apt-get >/dev/null || name_missing
  if ((EUID)); then
    sudo -n true 2>/dev/null || name_missing
    as_root=(sudo -n)
  fi
  "${as_root[@]}" apt-get update -q </dev/null || printf 'dev: apt-get update failed; going on\n' >&2
  for row in "${missing[@]}"; do
    IFS='|' read -r _ _ _ debian _ <<<"$row"
    for name in $debian; do
      for choice in ${name//\// }; do
        [[ $(apt-cache policy "$choice") == *'Candidate: '[!\(]* ]] && packages+=("$choice") && break
      done
    done
  done
  # Nothing is removed unasked: libboost1.81-dev, say, would take the place of libboost-dev 1.74.
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends \
    --no-remove "${packages[@]}" </dev/null || name_missing
  find_missing "$@"
  ((${#missing[@]} == 0)) || name_missing
}
