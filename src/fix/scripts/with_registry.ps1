$Common += {
    # A value as it stands, with its kind and unexpanded; also that it is not there.
    function global:Read-RegistryValue {
        param([string] $Path, [string] $Name)
        $Key = Get-Item -LiteralPath $Path -ErrorAction SilentlyContinue
        $Exists = $Key -and (@($Key.GetValueNames()) -contains $Name)
        $Kind = ''
        $Value = $null
        if ($Exists) {
            $Kind = [string]$Key.GetValueKind($Name)
            $Value = $Key.GetValue($Name, $null, [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames)
            if ($Kind -eq 'Binary') { $Value = [System.BitConverter]::ToString([byte[]]$Value) -replace '-', '' }
        }
        [pscustomobject]@{ Path = $Path; Name = $Name; Exists = [bool]$Exists; Kind = $Kind; Value = $Value }
    }

    # A key and those above it that are not there, deepest first.
    function global:Find-MissingKey {
        param([string] $Path)
        while ($Path -and -not (Test-Path -LiteralPath $Path)) {
            $Path
            $Path = Split-Path -Path $Path -Parent
        }
    }

    # What is to be put back, as text: these values, and the keys that are not there yet.
    function global:ConvertTo-Saved {
        param([object[]] $Values, [string[]] $Missing)
        ConvertTo-Json -Compress -Depth 5 -InputObject @{ Values = @($Values); Missing = @($Missing | Where-Object { $_ }) }
    }
}
