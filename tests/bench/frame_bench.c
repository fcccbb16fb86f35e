/* Decoding a frame, against the bound that no codec beats: its checksum, and against writing it. */
#include <stdlib.h>

#include "common/crc32c.h"
#include "common/frame.h"
#include "tests/bench/bench.h"

enum { ROWS = 100, ROUNDS = 40000 };

int
main(void)
{
	static struct xn_frame frame, again;
	static uint8_t bytes[XN_FRAME_BYTES_MAX];
	struct xn_writer out = {.base = bytes, .size = sizeof(bytes)};
	struct xn_error err;
	volatile uint32_t sink = 0;
	double start, decode, checksum, encode;

	frame.count = ROWS;
	for (uint16_t i = 0; i < ROWS; i++)
		frame.rows[i] = (struct xn_frame_row){i, {1000 * i, XN_QUALITY_GOOD}};
	xn_frame_encode(&frame, &out);

	start = bench_cpu();
	for (int i = 0; i < ROUNDS; i++)
		sink += xn_crc32c(0, bytes, out.used);
	checksum = bench_cpu() - start;
	start = bench_cpu();
	for (int i = 0; i < ROUNDS; i++) {
		struct xn_reader in = {.at = bytes, .left = out.used};

		if (xn_frame_decode(&in, &again, &err) < 0)
			abort();
	}
	decode = bench_cpu() - start;
	start = bench_cpu();
	for (int i = 0; i < ROUNDS; i++) {
		struct xn_writer rewrite = {.base = bytes, .size = sizeof(bytes)};

		xn_frame_encode(&frame, &rewrite);
	}
	encode = bench_cpu() - start;
	bench_print("frame decode / its checksum", decode / checksum, "ratio");
	bench_print("frame encode / its checksum", encode / checksum, "ratio");
	bench_print("frame decode", decode / ROUNDS / ROWS * 1e6, "CPU us a point");
	bench_print("frame size", (double)out.used / ROWS, "bytes a point");
	return 0;
}
