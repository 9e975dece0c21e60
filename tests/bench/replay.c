/* Sends one request to pluto's control socket again and again, one connection after the other, and reads each
 * answer to its end: what a client costs that does nothing else. The request comes on standard input.
 *
 *     replay SOCKET COUNT < request
 *
 * Prints the seconds it took and the number of requests that were answered.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static char request[65536], answer[65536];
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timespec begun, ended;
	size_t length = fread(request, 1, sizeof request, stdin);
	long count = argc == 3 ? strtol(argv[2], NULL, 10) : 0, answered = 0;

	if (count < 1 || length == 0 || strlen(argv[1]) >= sizeof address.sun_path)
		return 2;
	strcpy(address.sun_path, argv[1]);
	clock_gettime(CLOCK_MONOTONIC, &begun);
	for (long i = 0; i < count; i++) {
		ssize_t got, bytes = 0;
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
		    write(fd, request, length) != (ssize_t)length) {
			perror("replay");
			return 1;
		}
		shutdown(fd, SHUT_WR);
		while ((got = read(fd, answer, sizeof answer)) > 0)
			bytes += got;
		answered += bytes > 0;
		close(fd);
	}
	clock_gettime(CLOCK_MONOTONIC, &ended);
	printf("%.6f %ld\n", (double)(ended.tv_sec - begun.tv_sec) + (double)(ended.tv_nsec - begun.tv_nsec) / 1e9,
	       answered);
	return 0;
}
