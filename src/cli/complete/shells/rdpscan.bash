# Completions of rdpscan for bash 3.2 and newer.
# Put this into ~/.bashrc:  eval "$(rdpscan completions bash)"
_rdpscan() {
    local rest=${COMP_LINE:0:COMP_POINT} line kind='' text current i
    local -a words=()
    COMPREPLY=()
    # Readline also splits words at = and :, so join what no blank separates.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        text=${rest#"${rest%%[![:space:]]*}"}
        if ((i == COMP_CWORD)); then
            current=$text
        else
            current=${COMP_WORDS[i]}
        fi
        if ((${#words[@]} == 0)) || [[ $rest == [[:space:]]* ]]; then
            words[${#words[@]}]=$current
        else
            words[${#words[@]} - 1]+=$current
        fi
        rest=${text#"$current"}
    done
    current=${words[${#words[@]} - 1]}

    # Readline keeps everything before the last of these characters, or an opening quote.
    local breaks=${COMP_WORDBREAKS//[^=:]/} kept=''
    if [[ $current == [\"\']* ]]; then
        current=${current:1}
        words[${#words[@]} - 1]=$current
    elif [[ -n $breaks ]]; then
        kept=${current%"${current##*[$breaks]}"}
    fi

    while IFS= read -r line; do
        if [[ -z $kind ]]; then
            kind=$line
        else
            line=${line%%$'\t'*}
            COMPREPLY[${#COMPREPLY[@]}]=${line#"$kept"}
        fi
    done < <(command rdpscan __complete "$((${#words[@]} - 1))" -- "${words[@]}" 2>/dev/null)

    local add
    case $kind in
        files) add=-f ;;
        folders) add=-d ;;
        list) compopt -o nospace 2>/dev/null ;;
    esac
    if [[ -n $add ]]; then
        case $current in
            --*=*) text=${current#*=} kept='' ;;
            @*) text=${current#@} kept=@ ;;
            *) text=$current kept='' ;;
        esac
        # Readline marks folders itself, unless there is a prefix.
        [[ -n $kept ]] || compopt -o filenames 2>/dev/null
        while IFS= read -r line; do
            if [[ -n $kept && -d $line ]]; then
                line+=/
                compopt -o nospace 2>/dev/null
            fi
            COMPREPLY[${#COMPREPLY[@]}]=$kept$line
        done < <(compgen "$add" -- "$text")
    fi
}
complete -o nosort -F _rdpscan rdpscan 2>/dev/null || complete -F _rdpscan rdpscan
