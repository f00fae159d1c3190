// The parts of the module seqwise._kernel.
#pragma once

#include <nanobind/nanobind.h>

namespace seqwise::bindings {

void add_numpy_lstm(nanobind::module_& module);
void add_address_lstm(nanobind::module_& module);
void add_jax_lstm(nanobind::module_& module);

}  // namespace seqwise::bindings
