# Reading hosts: all of them side by side, and one of them again.

# The request of a host: its row, and the switches of this run.
function New-Request {
    param($Row)
    [pscustomobject]@{
        Computer = $Row.Computer; Address = $Row.Address; Port = $Row.Port; ExpectedName = $Row.ExpectedName
        Remedies = @(Find-Fact -Facts $Row -Path Remedies); Why = [string](Find-Fact -Facts $Row -Path Why)
        Farm = [string](Find-Fact -Facts $Row -Path Farm)
        Only = @($Remedy | Where-Object { $_ }); Replace = [bool]$Replace
        AdminNetwork = @($AdminNetwork | Where-Object { $_ }); NetworkProfile = $NetworkProfile
        Acted = @(); Passed = @(); FarmDifferences = @(); Time = Format-Time -Time ([datetime]::UtcNow)
    }
}

# Facts of hosts whose sessions have the functions that read: Row, Facts, and Why where there are none.
function Read-HostFacts {
    param([hashtable] $Rows, [object[]] $Sessions)
    $Sent = [datetime]::UtcNow
    $Words = @($Sent.ToString('o', [System.Globalization.CultureInfo]::InvariantCulture))
    $Answers = Invoke-OnHost -Sessions $Sessions -Block $FactsReader -Words $Words -Seconds ([math]::Max(120, 2 * $TimeoutSeconds))
    $Received = [datetime]::UtcNow
    foreach ($Session in $Sessions) {
        $Read = @{ Row = $Rows[[string]$Session.ComputerName]; Facts = $null; Why = [string]$Answers.Failures[$Session.InstanceId] }
        if (-not $Read.Why) {
            try {
                $Facts = ConvertFrom-Json -InputObject ([string](@($Answers.Output[$Session.InstanceId]) -join ''))
                $Facts | Add-Member -NotePropertyName Request -NotePropertyValue (New-Request -Row $Read.Row)
                # The clock there was read between two times here.
                $Low = ((ConvertTo-Utc $Facts.Clock.Ended) - $Received).TotalSeconds
                $High = ((ConvertTo-Utc $Facts.Clock.Started) - $Sent).TotalSeconds
                $Skew = if ($Low -gt 0) { $Low } elseif ($High -lt 0) { $High } else { 0 }
                $Facts.Clock | Add-Member -NotePropertyName Skew -NotePropertyValue ([math]::Round($Skew, 1))
                if ((Find-Fact -Facts $Facts -Path Identity.Administrator) -eq $false) {
                    throw 'the account is no Administrator there'
                }
                $Read.Facts = $Facts
            }
            catch { $Read.Why = "its facts cannot be read: $($_.Exception.Message)" }
        }
        $Read
    }
}

# A host that is not gone on with.
function Write-Dropped {
    param($Row, [string] $Status, [string] $Detail)
    $null = $Run.Left.Remove($Row)
    Write-Result -Row $Row -Identity ([string]$Run.Identity[$Row.Computer]) -Remedy identity -Status $Status -Detail $Detail
}

# Reads as many hosts as are read side by side.
function Read-RdpGroup {
    param([object[]] $Rows)
    $ByName = @{}
    foreach ($Row in $Rows) { $ByName[$Row.Computer] = $Row }
    $Opened = Connect-RdpHost -Computers @($ByName.Keys) -OpenSeconds 15
    try {
        $Again = @(if ($Opened.TimedOut) { Find-Accepting -Computers $Opened.TimedOut -Seconds 3 })
        if ($Again) {
            $More = Connect-RdpHost -Computers $Again -OpenSeconds 60
            foreach ($Key in $More.Sessions.Keys) { $Opened.Sessions[$Key] = $More.Sessions[$Key] }
        }
        foreach ($Row in $Rows) {
            if ($Opened.Sessions.ContainsKey($Row.Computer)) { continue }
            $Why = if ($Opened.Failures.ContainsKey($Row.Computer)) { $Opened.Failures[$Row.Computer] }
            else { 'no session could be opened' }
            Write-Dropped -Row $Row -Status unknown -Detail "it cannot be reached: $Why"
        }
        foreach ($Block in $WhoBlock, $HostFunctions) {
            $Live = @($Opened.Sessions.Values | Where-Object { $Run.Left.Contains($ByName[[string]$_.ComputerName]) })
            if (-not $Live) { return }
            $Answers = Invoke-OnHost -Sessions $Live -Block $Block -Seconds 60
            foreach ($Session in $Live) {
                $Row = $ByName[[string]$Session.ComputerName]
                $Failure = [string]$Answers.Failures[$Session.InstanceId]
                if ($Block -ne $WhoBlock) {
                    if ($Failure) { Write-Dropped -Row $Row -Status unknown -Detail "it cannot be read: $Failure" }
                    continue
                }
                $Who = Test-RdpHost -Row $Row -Answer $Answers.Output[$Session.InstanceId] -Failure $Failure
                $Run.Identity[$Row.Computer] = $Who.Identity
                if ($Who.Status) { Write-Dropped -Row $Row -Status $Who.Status -Detail $Who.Detail }
            }
        }
        $Live = @($Opened.Sessions.Values | Where-Object { $Run.Left.Contains($ByName[[string]$_.ComputerName]) })
        foreach ($Read in @(if ($Live) { Read-HostFacts -Rows $ByName -Sessions $Live })) {
            if ($Read.Facts) { $Run.Facts[$Read.Row.Computer] = $Read.Facts }
            else { Write-Dropped -Row $Read.Row -Status unknown -Detail $Read.Why }
        }
    }
    finally { Close-RdpHost -Sessions @($Opened.Sessions.Values) }
}

function Read-RdpHosts {
    param([object[]] $Rows)
    $ByAddress = @($Rows | Where-Object { Test-IPAddress -Text $_.Computer }).Count
    if ($ByAddress) {
        $Are = if ($ByAddress -eq 1) { 'host is' } else { 'hosts are' }
        Write-Warning -Message ("$ByAddress $Are reached by address: there NTLM goes to whatever answers" +
            "$(if (-not $Credential) { ', and remoting takes -Credential' })")
    }
    for ($At = 0; $At -lt $Rows.Count; $At += $ThrottleLimit) {
        $Status = "$At of $($Rows.Count) asked, $($Run.Facts.Count) read"
        Write-Progress -Activity 'Reading hosts' -Status $Status -PercentComplete (100 * $At / $Rows.Count)
        Read-RdpGroup -Rows @($Rows[$At..([math]::Min($Rows.Count, $At + $ThrottleLimit) - 1)])
    }
    Write-Progress -Activity 'Reading hosts' -Completed
}

# Reads a host again, in an open session.
function Update-Facts {
    param($Session, $Row)
    $Read = Read-HostFacts -Rows @{ [string]$Session.ComputerName = $Row } -Sessions @($Session)
    if (-not $Read.Facts) { throw $Read.Why }
    $Old = $Run.Facts[$Row.Computer].Request
    $Read.Facts.Request.Acted = @($Old.Acted)
    $Read.Facts.Request.Passed = @($Old.Passed)
    $Read.Facts.Request.FarmDifferences = @($Old.FarmDifferences)
    $Run.Facts[$Row.Computer] = $Read.Facts
    $Read.Facts
}
