// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* An enclave's memory as ranges, and as a picture: in the terminal and as SVG. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "tool.h"

/* Ranges */

const char *measured_text(enum measured measured)
{
	static const char *const texts[] = { "measured", "partly measured",
					     "not measured" };

	return texts[measured];
}

static enum measured page_measured(const struct softsgx_page *page)
{
	if (page->measured == 0xffff)
		return MEASURED_ALL;
	return page->measured ? MEASURED_PART : MEASURED_NONE;
}

static struct range *append(struct map *map, uint64_t start, uint64_t end)
{
	struct range *r;

	r = reallocarray(map->ranges, map->count + 1, sizeof(*r));
	if (!r)
		return NULL;
	map->ranges = r;
	r += map->count++;
	memset(r, 0, sizeof(*r));
	r->start = start;
	r->end = end;
	return r;
}

static int append_page(struct map *map, const struct softsgx_page *page)
{
	struct range *last = map->count ? &map->ranges[map->count - 1] : NULL;
	uint64_t end = last ? last->end : 0;

	if (page->offset > end) {
		if (!append(map, end, page->offset))
			return -1;
	} else if (last && last->mapped && last->flags == page->flags &&
		   last->measured == page_measured(page)) {
		last->end += SGX_PAGE_SIZE;
		return 0;
	}
	last = append(map, page->offset, page->offset + SGX_PAGE_SIZE);
	if (!last)
		return -1;
	last->mapped = true;
	last->flags = page->flags;
	last->measured = page_measured(page);
	return 0;
}

static struct range *range_at(struct map *map, uint64_t offset)
{
	size_t i;

	for (i = 0; i < map->count; i++)
		if (offset >= map->ranges[i].start &&
		    offset < map->ranges[i].end)
			return &map->ranges[i];
	return NULL;
}

__attribute__((format(printf, 2, 3))) static void note(struct range *r,
						       const char *format, ...)
{
	size_t len = strlen(r->note);
	va_list args;

	if (len) {
		if (len > sizeof(r->note) - 8)
			return;
		len += snprintf(r->note + len, sizeof(r->note) - len, ", ");
	}
	va_start(args, format);
	vsnprintf(r->note + len, sizeof(r->note) - len, format, args);
	va_end(args);
}

/* Where a TCS points: its entry is noted once, its SSA frames counted. */
static void note_tcs(struct map *map, const struct softsgx_enclave *encl,
		     const struct softsgx_page *page, uint64_t *last_entry)
{
	const struct sgx_tcs *tcs = (const struct sgx_tcs *)page->content;
	const char *name;
	struct range *r;

	if (!tcs)
		return;
	r = range_at(map, tcs->oentry);
	if (r && tcs->oentry != *last_entry) {
		name = softsgx_enclave_symbol(encl, tcs->oentry);
		note(r, "entry 0x%llx%s%s", (unsigned long long)tcs->oentry,
		     name ? " " : "", name ? name : "");
		*last_entry = tcs->oentry;
	}
	r = range_at(map, tcs->ossa);
	if (r)
		note(r, "SSA 0x%llx x%u", (unsigned long long)tcs->ossa,
		     tcs->nssa);
}

/* The ranges of @encl; -1 if memory is out. */
int map_make(struct map *map, const struct softsgx_enclave *encl)
{
	const struct softsgx_page *page;
	uint64_t entry = ~0ULL;
	struct softsgx_info info;
	uint64_t end;
	size_t i;

	memset(map, 0, sizeof(*map));
	softsgx_enclave_info(encl, &info);
	for (i = 0; i < info.pages; i++)
		if (append_page(map, softsgx_enclave_page(encl, i)))
			goto err_free;
	end = map->count ? map->ranges[map->count - 1].end : 0;
	if (end < info.size && !append(map, end, info.size))
		goto err_free;
	for (i = 0; i < info.pages; i++) {
		page = softsgx_enclave_page(encl, i);
		if (is_tcs(page))
			note_tcs(map, encl, page, &entry);
	}
	return 0;

err_free:
	map_free(map);
	return -1;
}

void map_free(struct map *map)
{
	free(map->ranges);
	memset(map, 0, sizeof(*map));
}

/* What both pictures say of a range. */

enum look { LOOK_GAP, LOOK_TCS, LOOK_CODE, LOOK_DATA, LOOK_CONST, LOOK_BAD };

static enum look look_of(const struct range *r)
{
	char text[SECINFO_TEXT];

	if (!r->mapped)
		return LOOK_GAP;
	secinfo_text(r->flags, text);
	if (!strcmp(text, "TCS"))
		return LOOK_TCS;
	if (text[1] == 'w' && text[2] == 'x')
		return LOOK_BAD;
	if (text[2] == 'x')
		return LOOK_CODE;
	return text[1] == 'w' ? LOOK_DATA : LOOK_CONST;
}

static void size_text(uint64_t bytes, char *text, size_t size)
{
	if (bytes >> 30 && !(bytes & ((1ULL << 30) - 1)))
		snprintf(text, size, "%llu GiB",
			 (unsigned long long)bytes >> 30);
	else if (bytes >> 20 && !(bytes & ((1ULL << 20) - 1)))
		snprintf(text, size, "%llu MiB",
			 (unsigned long long)bytes >> 20);
	else
		snprintf(text, size, "%llu KiB",
			 (unsigned long long)bytes >> 10);
}

/* Twice the height for sixteen times the size: small ones stay readable. */
static unsigned int height_of(const struct range *r)
{
	uint64_t pages = (r->end - r->start) / SGX_PAGE_SIZE;
	unsigned int height = 1;

	while (pages >= 16 && height < 4) {
		pages /= 16;
		height++;
	}
	return height;
}

/* The terminal */

#define BOX_WIDTH 28

struct pens {
	const char *top_left, *top_right, *bottom_left, *bottom_right;
	const char *left, *right, *across, *side, *gap_side, *fill[3];
};

static const struct pens unicode_pens = {
	"┌", "┐", "└", "┘", "├", "┤", "─", "│", "┊", { "█", "▒", "░" }
};

static const struct pens ascii_pens = { "+", "+", "+", "+", "+",
					"+", "-", "|", ":", { "#", "=", "." } };

static const char *colour_of(const struct range *r)
{
	static const char *const colours[] = { "\033[2m",  "\033[35m",
					       "\033[34m", "\033[33m",
					       "\033[32m", "\033[1;31m" };

	return has_colours() ? colours[look_of(r)] : "";
}

static void rule(uint64_t offset, int width, const char *left,
		 const char *across, const char *right)
{
	int i;

	printf("  0x%0*llx %s", width, (unsigned long long)offset, left);
	for (i = 0; i < BOX_WIDTH; i++)
		fputs(across, stdout);
	puts(right);
}

/* One line of a box: @n is 0 for the first. */
static void box_line(const struct range *r, const struct pens *p, int width,
		     unsigned int n)
{
	const char *side = r->mapped ? p->side : p->gap_side;
	const char *reset = has_colours() ? "\033[0m" : "";
	char secinfo[SECINFO_TEXT] = "";
	char size[32];

	printf("  %*s %s", width + 2, "", side);
	if (n) {
		if (r->mapped)
			printf("%s%s%s%*s", colour_of(r), p->fill[r->measured],
			       reset, BOX_WIDTH - 1, "");
		else
			printf("%*s", BOX_WIDTH, "");
		puts(side);
		return;
	}
	size_text(r->end - r->start, size, sizeof(size));
	if (r->mapped) {
		secinfo_text(r->flags, secinfo);
		printf("%s%s %-4s%s%*s ", colour_of(r), p->fill[r->measured],
		       secinfo, reset, BOX_WIDTH - 7, size);
	} else {
		printf("  %-9s%*s ", "no pages", BOX_WIDTH - 12, size);
	}
	printf("%s", side);
	if (r->mapped)
		printf("  %s%s%s", measured_text(r->measured),
		       *r->note ? "; " : "", shown(r->note));
	putchar('\n');
}

void map_print(const struct map *map)
{
	const struct pens *p = has_unicode() ? &unicode_pens : &ascii_pens;
	uint64_t size = map->ranges[map->count - 1].end;
	const struct range *r;
	unsigned int i;
	int width = 1;
	size_t n;

	while (width < 16 && size >> (4 * width))
		width++;
	for (n = 0; n < map->count; n++) {
		r = &map->ranges[n];
		if (!n)
			rule(r->start, width, p->top_left, p->across,
			     p->top_right);
		else
			rule(r->start, width, p->left, p->across, p->right);
		for (i = 0; i < height_of(r); i++)
			box_line(r, p, width, i);
	}
	rule(size, width, p->bottom_left, p->across, p->bottom_right);
}

/* SVG */

#define SVG_WIDTH 780
#define SVG_TOP	  84
#define SVG_LEFT  120
#define SVG_BOX	  250
#define SVG_ROW	  30

static const struct {
	const char *fill;
	const char *text;
} looks[] = {
	[LOOK_GAP] = { "#ffffff", "no pages" },
	[LOOK_TCS] = { "#d9c8ee", "TCS" },
	[LOOK_CODE] = { "#bcd7f5", "code" },
	[LOOK_DATA] = { "#fbe1a8", "data" },
	[LOOK_CONST] = { "#cbe8c4", "constants" },
	[LOOK_BAD] = { "#f4a9a3", "writable and executable" },
};

static void xml(FILE *out, const char *text)
{
	int32_t c;
	size_t n;

	for (; *text; text += n) {
		c = next_character(text, &n);
		switch (c) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			/* XML has no control characters. */
			if (c < ' ' || (c >= 0x7f && c < 0xa0) || c == 0xfffe ||
			    c == 0xffff)
				fputs(REPLACEMENT, out);
			else
				fwrite(text, n, 1, out);
		}
	}
}

static void svg_text(FILE *out, int x, int y, const char *attributes,
		     const char *text)
{
	fprintf(out, "<text x=\"%d\" y=\"%d\" %s>", x, y, attributes);
	xml(out, text);
	fputs("</text>\n", out);
}

static void svg_offset(FILE *out, int y, uint64_t offset)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)offset);
	svg_text(out, SVG_LEFT - 10, y + 4,
		 "class=\"mono\" text-anchor=\"end\"", text);
}

static void svg_range(FILE *out, const struct range *r, int y, int height)
{
	char secinfo[SECINFO_TEXT] = "";
	char text[160];
	char size[32];

	size_text(r->end - r->start, size, sizeof(size));
	fprintf(out,
		"<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\" stroke=\"#444\"%s/>\n",
		SVG_LEFT, y, SVG_BOX, height, looks[look_of(r)].fill,
		r->mapped ? "" : " stroke-dasharray=\"4 4\"");
	if (r->mapped && r->measured != MEASURED_ALL)
		fprintf(out,
			"<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"url(#hatch)\"/>\n",
			SVG_LEFT, y, SVG_BOX, height);
	if (r->mapped)
		secinfo_text(r->flags, secinfo);
	svg_text(out, SVG_LEFT + 12, y + height / 2 + 5, "class=\"mono\"",
		 r->mapped ? secinfo : "no pages");
	svg_text(out, SVG_LEFT + SVG_BOX - 12, y + height / 2 + 5,
		 "text-anchor=\"end\"", size);
	if (!r->mapped)
		return;
	snprintf(text, sizeof(text), "%s%s%s", measured_text(r->measured),
		 *r->note ? "; " : "", r->note);
	svg_text(out, SVG_LEFT + SVG_BOX + 14, y + height / 2 + 4,
		 "class=\"note\"", text);
}

static void svg_legend(FILE *out, int y)
{
	int x = SVG_LEFT;
	unsigned int i;

	for (i = LOOK_TCS; i <= LOOK_BAD; i++) {
		fprintf(out,
			"<rect x=\"%d\" y=\"%d\" width=\"14\" height=\"14\" fill=\"%s\" stroke=\"#444\"/>\n",
			x, y, looks[i].fill);
		svg_text(out, x + 20, y + 12, "class=\"note\"", looks[i].text);
		x += i == LOOK_CONST ? 100 : 72;
	}
	x += 100;
	fprintf(out,
		"<rect x=\"%d\" y=\"%d\" width=\"14\" height=\"14\" fill=\"url(#hatch)\" stroke=\"#444\"/>\n",
		x, y);
	svg_text(out, x + 20, y + 12, "class=\"note\"", "not all measured");
}

static void svg_write(FILE *out, const struct map *map, const char *title,
		      const char *subtitle)
{
	int y = SVG_TOP;
	int total = y + 60;
	int height;
	size_t n;

	for (n = 0; n < map->count; n++)
		total += height_of(&map->ranges[n]) * SVG_ROW;
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n"
		"<style>text{font:13px sans-serif;fill:#222}.mono{font:13px monospace}.note{font-size:12px}.title{font-size:17px;font-weight:bold}.small{font:11px monospace;fill:#555}</style>\n"
		"<defs><pattern id=\"hatch\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><line x1=\"0\" y1=\"0\" x2=\"0\" y2=\"8\" stroke=\"#444\" stroke-opacity=\".35\" stroke-width=\"3\"/></pattern></defs>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
		SVG_WIDTH, total, SVG_WIDTH, total);
	svg_text(out, 20, 32, "class=\"title\"", title);
	svg_text(out, 20, 54, "class=\"small\"", subtitle);
	for (n = 0; n < map->count; n++) {
		height = height_of(&map->ranges[n]) * SVG_ROW;
		svg_range(out, &map->ranges[n], y, height);
		svg_offset(out, y, map->ranges[n].start);
		y += height;
	}
	svg_offset(out, y, map->ranges[map->count - 1].end);
	svg_legend(out, y + 26);
	fputs("</svg>\n", out);
}

int map_svg(const struct map *map, const char *title, const char *subtitle,
	    const char *path, struct softsgx_error *error)
{
	char *data = NULL;
	size_t len = 0;
	FILE *out;
	int ret;

	out = open_text(&data, &len);
	svg_write(out, map, title, subtitle);
	close_text(out);
	ret = softsgx_file_write(path, data, len, error);
	free(data);
	return ret;
}
