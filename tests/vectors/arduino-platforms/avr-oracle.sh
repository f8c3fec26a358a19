#!/bin/sh
# Writes avr-oracle.txt: for every board and option of Debian's arduino-core-avr, the SHA-256 of the
# properties that arduino-cli builds it with, unexpanded and sorted.
#
#   avr-oracle.sh ARDUINO_CLI CONFIG > avr-oracle.txt
#
# CONFIG names a user directory whose hardware/arduino is a link to
# /usr/share/arduino/hardware/arduino. Left out is what differs by design (core/arduino/board.h) or
# from run to run. Made with arduino-cli 1.0.4 and arduino-core-avr 1.8.7+dfsg.
set -eu
cli=$1 config=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/Blink"
echo 'void setup() {} void loop() {}' > "$work/Blink/Blink.ino"
boards=/usr/share/arduino/hardware/arduino/avr/boards.txt
{
    sed -n 's/^\([A-Za-z0-9_]*\)\.name=.*/\1/p' $boards
    sed -n 's/^\([A-Za-z0-9_]*\)\.menu\.\([a-z]*\)\.\([A-Za-z0-9]*\)=.*/\1:\2=\3/p' $boards
} | LC_ALL=C sort -u | while read -r board; do
    fqbn=arduino:avr:$board
    sum=$("$cli" --config-file "$config" compile --show-properties=unexpanded -b "$fqbn" \
        --build-path "$work/build" "$work/Blink" 2> /dev/null |
        grep -vE '^(extra\.time\.|runtime\.ide\.path=|runtime\.tools\.|tools\.avrdude\.path=)' |
        grep -vE '^(build\.path|build\.source\.path|build\.project_name|sketch_path)=' |
        LC_ALL=C sort | sha256sum | cut -d' ' -f1)
    echo "$sum $fqbn"
done
