#ifndef CXML_SHIM_H
#define CXML_SHIM_H
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/tree.h>
#endif
