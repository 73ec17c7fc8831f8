# Whom a run touches: the rows of hosts.csv, and those that names mean.
$HostPattern = '^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$'

function Test-IPAddress {
    param([string] $Text)
    $Address = [System.Net.IPAddress]::None
    ($Text -match '[.:]') -and [System.Net.IPAddress]::TryParse($Text, [ref]$Address)
}

function Test-HostName { param([string] $Text) (Test-IPAddress -Text $Text) -or (($Text -match $HostPattern) -and ($Text.Length -le 253)) }

# The rows of hosts.csv, each checked.
function Import-HostRow {
    param([string] $Path)
    if (-not (Test-Path -LiteralPath $Path)) { throw "there is no list $Path; it belongs beside this script" }
    $Line = 1
    $Seen = @{}
    foreach ($Row in @(Import-Csv -LiteralPath $Path -Encoding UTF8)) {
        $Line++
        if (-not $Row.PSObject.Properties['Computer']) { throw "$Path has no column Computer: save it with commas between the columns" }
        $Cells = @{}
        foreach ($Name in 'Computer', 'Address', 'Port', 'ExpectedName', 'Remedies', 'Why', 'Farm') {
            $Property = $Row.PSObject.Properties[$Name]
            $Cells[$Name] = if ($Property) { ([string]$Property.Value).Trim() } else { '' }
        }
        $Keys = @($Cells.Remedies -split '[\s,;]+' | Where-Object { $_ } | ForEach-Object { $_.ToUpperInvariant() })
        $Fault = if (-not (Test-HostName -Text $Cells.Computer)) { "Computer '$($Cells.Computer)' is not a host name or an address" }
        elseif ($Cells.Address -and -not (Test-IPAddress -Text $Cells.Address)) { "Address '$($Cells.Address)' is not an IP address" }
        elseif (($Cells.Port -notmatch '^[0-9]{1,5}$') -or ([int]$Cells.Port -lt 1) -or ([int]$Cells.Port -gt 65535)) {
            "Port '$($Cells.Port)' is not a number from 1 to 65535"
        }
        elseif ($Cells.ExpectedName -and ($Cells.ExpectedName -notmatch $HostPattern)) {
            "ExpectedName '$($Cells.ExpectedName)' is not a computer name"
        }
        else {
            $Keys | Where-Object { $_ -notmatch '^R([1-9]|[12][0-9])$' } | ForEach-Object { "'$_' in Remedies is not a remedy such as R1" }
        }
        if ($Fault) { throw "$Path, line ${Line}: $(@($Fault)[0])" }
        if ($Seen.ContainsKey($Cells.Computer)) { Write-Warning -Message "$Path, line ${Line}: the first row of $($Cells.Computer) counts" }
        $Seen[$Cells.Computer] = $true
        [pscustomobject]@{
            Computer = $Cells.Computer; Address = $Cells.Address; Port = [int]$Cells.Port; ExpectedName = $Cells.ExpectedName
            Remedies = $Keys; Why = $Cells.Why; Farm = $Cells.Farm; NoSign = $Cells.Why -match '^no sign of Windows'
        }
    }
}

# The rows that these names mean: whole names, addresses, or short names and
# names that a host gave to the scan, where they fit one host. Each computer once.
function Select-HostRow {
    param([object[]] $Rows, [string[]] $Names)
    $Seen = @{}
    foreach ($Name in $Names) {
        if ([string]::IsNullOrWhiteSpace($Name)) {
            throw 'a -ComputerName is empty: name hosts of hosts.csv, or leave the parameter out for all of them'
        }
        $Found = @($Rows | Where-Object { ($_.Computer -eq $Name) -or ($_.Address -eq $Name) })
        if (-not $Found) {
            # A host that is reached by address goes by the name that it gave to the scan, or that a record has of it.
            $Found = @(foreach ($Row in $Rows) {
                    $Own = @('ExpectedName', 'Name' | ForEach-Object { Find-Fact -Facts $Row -Path $_ })
                    if (-not (Test-IPAddress -Text $Row.Computer)) { $Own += $Row.Computer.Split('.')[0] }
                    if ($Own -contains $Name) { $Row }
                })
            if ($Found.Count -gt 1) { throw "'$Name' fits $(($Found | ForEach-Object { $_.Computer }) -join ', '): name one of them" }
        }
        if (-not $Found) {
            $Some = @($Rows | Select-Object -First 10 | ForEach-Object { $_.Computer }) -join ', '
            throw "'$Name' is not in hosts.csv; its hosts are $Some$(if ($Rows.Count -gt 10) { " and $($Rows.Count - 10) more" })"
        }
        foreach ($Row in $Found) { if (-not $Seen.ContainsKey($Row.Computer)) { $Seen[$Row.Computer] = $true; $Row } }
    }
}

function Confirm-AdminNetwork {
    param([string[]] $Networks)
    foreach ($Text in $Networks) {
        $Number = [System.Net.IPAddress]::Any
        $Address, $Length = ([string]$Text).Split('/')
        $Form = '^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)(/[0-9]{1,3})?$'
        if (($Text -notmatch $Form) -or -not [System.Net.IPAddress]::TryParse($Address, [ref]$Number)) {
            throw "-AdminNetwork '$Text' is neither an address nor a network: use the form 10.0.9.0/24"
        }
        $Narrowest, $Widest = if ($Number.AddressFamily -eq 'InterNetwork') { 32, 8 } else { 128, 32 }
        $Bits = if ($Length) { [int]$Length } else { $Narrowest }
        if (($Bits -lt $Widest) -or $Address.StartsWith('0.') -or ($Number -eq [System.Net.IPAddress]::IPv6Any)) {
            throw "-AdminNetwork '$Text' is (nearly) everyone: use /$Widest or longer"
        }
        if ($Bits -gt $Narrowest) { throw "-AdminNetwork '$Text' has an invalid prefix length: use /$Narrowest at most" }
    }
}
