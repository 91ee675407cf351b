/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef INCLUDED_DENOMAE_API_H
#define INCLUDED_DENOMAE_API_H

#include <gnuradio/attributes.h>

#ifdef gnuradio_denomae_EXPORTS
#define DENOMAE_API __GR_ATTR_EXPORT
#else
#define DENOMAE_API __GR_ATTR_IMPORT
#endif

#endif
