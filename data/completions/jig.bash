# The completion of jig for bash, as `jig completion bash` prints it: do not edit.
# shellcheck shell=bash disable=SC2207 # words and paths come one a line

_jig_devices() {
    jig devices list --no-start 2>/dev/null | sed -n '2,$s/ .*//p'
}

# Completes with these words. A ':' parts words for readline: what stands before it stays.
_jig_words() {
    local IFS=$' \n' whole=$cur
    COMPREPLY=($(compgen -W "$1" -- "$whole"))
    if [[ $whole == *:* && $COMP_WORDBREAKS == *:* ]]; then
        local before=${whole%"${whole##*:}"}
        COMPREPLY=("${COMPREPLY[@]#"$before"}")
    fi
}

_jig_files() {
    local IFS=$'\n'
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen "$1" -- "${COMP_WORDS[COMP_CWORD]}"))
}

_jig() {
    # The words as the shell sees them, those that readline parted at ':' and '=' made whole.
    local line=${COMP_LINE:0:COMP_POINT} words cur prev i command='' group=''
    read -r -a words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=('')
    cur=${words[-1]} prev=${words[-2]-}
    for ((i = 1; i < ${#words[@]} - 1; i++)); do
        case ${words[i]} in
        --host | --deadline) ((i++)) ;;
        -*) ;;
        devices | lnk | packages | ops | cache | daemon)
            [[ -n $group ]] && break
            group=${words[i]}
            command=$group
            ;;
        *)
            command=${group:+$group }${words[i]}
            break
            ;;
        esac
    done
    case $prev in
    --host)
        COMPREPLY=()
        return
        ;;
    --deadline)
        COMPREPLY=()
        return
        ;;
    --environment | -e)
        COMPREPLY=()
        return
        ;;
    --fqbn)
        COMPREPLY=()
        return
        ;;
    --build-dir)
        _jig_files -d
        return
        ;;
    --jobs | -j)
        COMPREPLY=()
        return
        ;;
    --device | -d)
        _jig_words "$(_jig_devices)"
        return
        ;;
    --image)
        _jig_files -f
        return
        ;;
    --trust)
        _jig_words 'session verify none'
        return
        ;;
    --baud | -b)
        COMPREPLY=()
        return
        ;;
    --expect)
        COMPREPLY=()
        return
        ;;
    --fail-on)
        COMPREPLY=()
        return
        ;;
    --timeout)
        COMPREPLY=()
        return
        ;;
    --eol)
        _jig_words 'lf crlf cr'
        return
        ;;
    --output | -o)
        _jig_files -f
        return
        ;;
    --extract)
        _jig_words 'file zip tar tar.gz tar.bz2 tar.xz tar.zst'
        return
        ;;
    --lines | -n)
        COMPREPLY=()
        return
        ;;
    esac
    case $command in
    '')
        _jig_words 'build deploy monitor project call help completion devices lnk packages ops cache daemon --host --json --quiet --verbose --deadline --help --version'
        ;;
    'devices')
        _jig_words 'list show watch --host --json --quiet --verbose --deadline --help --version'
        ;;
    'lnk')
        _jig_words 'add pull check --host --json --quiet --verbose --deadline --help --version'
        ;;
    'packages')
        _jig_words 'update install list remove sync --host --json --quiet --verbose --deadline --help --version'
        ;;
    'ops')
        _jig_words 'list show follow cancel --host --json --quiet --verbose --deadline --help --version'
        ;;
    'cache')
        _jig_words 'stats gc verify pin unpin --host --json --quiet --verbose --deadline --help --version'
        ;;
    'daemon')
        _jig_words 'start stop status stats logs --host --json --quiet --verbose --deadline --help --version'
        ;;
    'build')
        if [[ $cur == -* ]]; then
            _jig_words '--environment --fqbn --build-dir --jobs --walk --detach --clean --explain --host --json --quiet --verbose --deadline --help --version'
        else
            _jig_files -d
        fi
        ;;
    'deploy')
        if [[ $cur == -* ]]; then
            _jig_words '--device --environment --fqbn --build-dir --jobs --walk --detach --no-build --image --trust --monitor --baud --expect --fail-on --timeout --no-input --eol --echo --host --json --quiet --verbose --deadline --help --version'
        else
            _jig_files -d
        fi
        ;;
    'monitor')
        if [[ $cur == -* ]]; then
            _jig_words '--device --baud --expect --fail-on --timeout --no-input --eol --echo --host --json --quiet --verbose --deadline --help --version'
        else
            _jig_words ''
        fi
        ;;
    'project')
        if [[ $cur == -* ]]; then
            _jig_words '--environment --fqbn --host --json --quiet --verbose --deadline --help --version'
        else
            _jig_files -d
        fi
        ;;
    'devices list')
        if [[ $cur == -* ]]; then
            _jig_words '--no-start --host --json --quiet --verbose --deadline --help --version'
        else
            _jig_words ''
        fi
        ;;
    'devices show')
        if [[ $cur == -* ]]; then
            _jig_words '--host --json --quiet --verbose --deadline --help --version'
        else
            _jig_words "$(_jig_devices)"
        fi
        ;;
    'devices watch')
        if [[ $cur == -* ]]; then
            _jig_words '--host --json --quiet --verbose --deadline --help --version'
        else
            _jig_words ''
        fi
        ;;
    'lnk add')
        if [[ $cur == -* ]]; then
            _jig_words '--output --extract --host --json --quiet --verbose --deadline --help --version'
        else
            _jig_words ''
        fi
        ;;
    'lnk pull')
        if [[ $cur == -* ]]; then
            _jig_words '--jobs --build-dir --host --json --quiet --verbose --deadline --help --version'
        else
            _jig_files -d
        fi
        ;;
    'lnk check')
        if [[ $cur == -* ]]; then
            _jig_words '--deep --build-dir --host --json --quiet --verbose --deadline --help --version'
        else
            _jig_files -d
        fi
        ;;
    'packages update')
        if [[ $cur == -* ]]; then
            _jig_words '--detach --host --json --quiet --verbose --deadline --help --version'
        else
            _jig_words ''
        fi
        ;;
    'packages install')
        if [[ $cur == -* ]]; then
            _jig_words '--detach --host --json --quiet --verbose --deadline --help --version'
        else
            _jig_words ''
        fi
        ;;
    'packages list')
        if [[ $cur == -* ]]; then
            _jig_words '--host --json --quiet --verbose --deadline --help --version'
        else
            _jig_words ''
        fi
        ;;
    'packages remove')
        if [[ $cur == -* ]]; then
            _jig_words '--detach --host --json --quiet --verbose --deadline --help --version'
        else
            _jig_words ''
        fi
        ;;
    'packages sync')
        if [[ $cur == -* ]]; then
            _jig_words '--environment --fqbn --upgrade --detach --host --json --quiet --verbose --deadline --help --version'
        else
            _jig_files -d
        fi
        ;;
    'ops list')
        if [[ $cur == -* ]]; then
            _jig_words '--active --host --json --quiet --verbose --deadline --help --version'
        else
            _jig_words ''
        fi
        ;;
    'ops show')
        if [[ $cur == -* ]]; then
            _jig_words '--timing --host --json --quiet --verbose --deadline --help --version'
        else
            _jig_words ''
        fi
        ;;
    'ops follow')
        if [[ $cur == -* ]]; then
            _jig_words '--host --json --quiet --verbose --deadline --help --version'
        else
            _jig_words ''
        fi
        ;;
    'ops cancel')
        if [[ $cur == -* ]]; then
            _jig_words '--host --json --quiet --verbose --deadline --help --version'
        else
            _jig_words ''
        fi
        ;;
    'cache stats')
        if [[ $cur == -* ]]; then
            _jig_words '--no-start --host --json --quiet --verbose --deadline --help --version'
        else
            _jig_words ''
        fi
        ;;
    'cache gc')
        if [[ $cur == -* ]]; then
            _jig_words '--all --dry-run --host --json --quiet --verbose --deadline --help --version'
        else
            _jig_words ''
        fi
        ;;
    'cache verify')
        if [[ $cur == -* ]]; then
            _jig_words '--repair --host --json --quiet --verbose --deadline --help --version'
        else
            _jig_words ''
        fi
        ;;
    'cache pin')
        if [[ $cur == -* ]]; then
            _jig_words '--host --json --quiet --verbose --deadline --help --version'
        else
            _jig_words ''
        fi
        ;;
    'cache unpin')
        if [[ $cur == -* ]]; then
            _jig_words '--host --json --quiet --verbose --deadline --help --version'
        else
            _jig_words ''
        fi
        ;;
    'daemon start')
        if [[ $cur == -* ]]; then
            _jig_words '--host --json --quiet --verbose --deadline --help --version'
        else
            _jig_words ''
        fi
        ;;
    'daemon stop')
        if [[ $cur == -* ]]; then
            _jig_words '--force --host --json --quiet --verbose --deadline --help --version'
        else
            _jig_words ''
        fi
        ;;
    'daemon status')
        if [[ $cur == -* ]]; then
            _jig_words '--no-start --host --json --quiet --verbose --deadline --help --version'
        else
            _jig_words ''
        fi
        ;;
    'daemon stats')
        if [[ $cur == -* ]]; then
            _jig_words '--no-start --host --json --quiet --verbose --deadline --help --version'
        else
            _jig_words ''
        fi
        ;;
    'daemon logs')
        if [[ $cur == -* ]]; then
            _jig_words '--lines --no-start --host --json --quiet --verbose --deadline --help --version'
        else
            _jig_words ''
        fi
        ;;
    'call')
        if [[ $cur == -* ]]; then
            _jig_words '--list --no-start --host --json --quiet --verbose --deadline --help --version'
        else
            _jig_words "$(jig call --list --no-start 2>/dev/null)"
        fi
        ;;
    'help')
        if [[ $cur == -* ]]; then
            _jig_words '--host --json --quiet --verbose --deadline --help --version'
        else
            _jig_words 'build deploy monitor project call help completion devices lnk packages ops cache daemon'
        fi
        ;;
    'completion')
        if [[ $cur == -* ]]; then
            _jig_words '--host --json --quiet --verbose --deadline --help --version'
        else
            _jig_words 'bash zsh'
        fi
        ;;
    esac
}

complete -F _jig jig
